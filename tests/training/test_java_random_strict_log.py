"""Known values were printed by java.lang.StrictMath.log of OpenJDK 17."""

from __future__ import annotations

import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.training.java_random import strict_log

KNOWN = [
    (0.1, -2.3025850929940455),
    (0.3, -1.2039728043259361),
    (0.5, -0.6931471805599453),
    (0.7, -0.35667494393873245),
    (0.75, -0.2876820724517809),
    (0.999, -0.0010005003335835344),
    (0.9999999, -1.0000000494736474e-7),
    (0.9999999990686774, -9.313225750491594e-10),
    (1.0, 0.0),
    (1.0000000000009095, 9.094947017725146e-13),
    (1.3, 0.26236426446749106),
    (1.4142135623730951, 0.3465735902799727),
    (2.0, 0.6931471805599453),
    (3.0e-20, -44.95308957121281),
    (1.0e-300, -690.7755278982137),
    (12345.678, 9.421061321291832),
    (1.0e300, 690.7755278982137),
    (1.1102230246251565e-16, -36.7368005696771),
    (4.0, 1.3862943611198906),
]


@pytest.mark.parametrize(("x", "log"), KNOWN)
def test_every_branch_is_exact(x: float, log: float) -> None:
    assert strict_log(x) == log


@given(st.floats(sys.float_info.min, sys.float_info.max))
def test_agrees_with_the_c_library_except_for_the_last_bit(x: float) -> None:
    assert strict_log(x) == pytest.approx(math.log(x), rel=4e-16, abs=5e-324)
