# SPDX-License-Identifier: Apache-2.0
"""Memory walls: a VM reaches for what is not its own; the canary VM stays whole."""
import pytest
from bundle import VM, config


@pytest.mark.parametrize("access", ["read", "write"])
@pytest.mark.parametrize("which", range(6))
def test_wall(board, facts, access, which):
    address = facts.outside[which]
    walls = VM("walls", "pl_walls.bin", cpus=(0,), restart="never",
               bootargs=f"walls={access}:{address}")
    canary = VM("canary", "pl_canary.bin", cpus=(1,))
    console = board(config(walls, canary, attach="walls")).console
    console.expect(r"TRY " + access)
    console.expect(rf"walls: crashed: .* IPA {address}")
    console.expect(r"walls: stopped")
    assert "FAIL survived" not in console.text
    console.attach("canary")
    console.expect(r"CANARY watches")
    assert console.canary()[0] == "ok"
