# SPDX-License-Identifier: Apache-2.0
"""Bundles that are damaged, cut short or not there: a clear line, and nothing wrong runs."""
import os

import pytest
from bundle import BUILD, WORK, VM, config, damage, raw_bundle

KERNEL = "pl_canary.bin"
OTHER = "keel.bin"
# What the hypervisor says; a boot loader that reads a card has looked before it.
NOT_A_BUNDLE = r"(bulkhead: bundle: not a FIT image: .*|slots: a: bundle\.img holds no bundle)"


@pytest.fixture(scope="module")
def sound():
    source = config(VM("good", KERNEL, cpus=(3,), restart="never"),
                    VM("other", OTHER, cpus=(0,), restart="never"), attach="good")
    return raw_bundle(source, [KERNEL, OTHER], "sound")


def _needle(name):
    """Bytes from the middle of a file."""
    with open(os.path.join(BUILD, "bare", name), "rb") as f:
        data = f.read()
    return data[len(data) // 2:][:64]


def _cut(bundle, size, name):
    with open(bundle, "rb") as f:
        data = f.read(size)
    out = os.path.join(WORK, f"{name}.itb")
    with open(out, "wb") as f:
        f.write(data)
    return out


def test_sound(board, sound):
    console = board(bundle=sound).console
    console.expect(r"CANARY watches")
    assert console.canary()[0] == "ok"


def test_one_bit_of_a_kernel(board, sound):
    """A wrong hash refuses that VM alone (F14)."""
    console = board(bundle=damage(sound, _needle(OTHER), "bad-kernel")).console
    console.expect_all(r"^bulkhead: other: kernel: \"keel.bin\" is damaged: its SHA-256 is not the bundle's$",
                       r"^bulkhead: other: stopped: its images could not be loaded$", r"CANARY watches")
    assert console.canary()[0] == "ok"
    console.attach("other")
    assert "keel 0." not in console.watch(1)


def test_one_bit_of_the_configuration(board, sound):
    console = board(bundle=damage(sound, b"bulkhead,config", "bad-tree")).console
    console.expect(r"^bulkhead: bundle: /images/config: content does not match its sha256 hash$")
    console.expect(r"^bulkhead: nothing can be started$")
    assert "CANARY" not in console.watch(1)


@pytest.mark.parametrize("size", [pytest.param(0, marks=pytest.mark.lg_feature("direct-boot")),
                                  4, 39, 4096])
def test_cut_short(board, sound, size):
    console = board(bundle=_cut(sound, size, f"cut-{size}")).console
    console.expect(rf"^(bulkhead: no bundle: .*stopped|{NOT_A_BUNDLE})$")
    assert "CANARY" not in console.watch(1)


def test_last_byte_is_missing(board, sound):
    """The desk and the board refuse it as a whole: what is gone may be a name or a hash."""
    console = board(bundle=_cut(sound, os.path.getsize(sound) - 1, "cut-last")).console
    console.expect(r"^bulkhead: bundle: not a FIT image: .*$")
    console.expect(r"^bulkhead: nothing can be started$")


def test_something_else(board):
    console = board(bundle=os.path.join(BUILD, "bare", "keel.elf")).console
    console.expect(rf"^{NOT_A_BUNDLE}$")


def test_image_without_hash(board, sound):
    with open(sound, "rb") as f:
        data = f.read()
    out = os.path.join(WORK, "no-hash.itb")
    at = data.index(b"sha256\0", data.index(_needle(OTHER)))
    with open(out, "wb") as f:
        f.write(data[:at] + b"sha999\0" + data[at + 7:])
    console = board(bundle=out).console
    console.expect_all(r'^bulkhead: other: kernel: image "keel.bin" has no sha256 hash$', r"CANARY watches")
    assert console.canary()[0] == "ok"
