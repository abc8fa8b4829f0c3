# SPDX-License-Identifier: Apache-2.0
"""Parameters that only some machines can have, each with the feature that says so."""
import pytest

GICS = [pytest.param(2, marks=pytest.mark.lg_feature("gic-2")),
        pytest.param(3, marks=pytest.mark.lg_feature("gic-3"))]
