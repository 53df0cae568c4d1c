"""Elementary functions of float32 without branches or calls, which LLVM turns into loops over whole registers.

`register_overloads` makes Numba use them for `sfumato.models.activations.activation`. Each reduces its argument to a
short interval (Cody and Waite 1980) and evaluates a minimax polynomial there (largest error 4.6e-9 for the sine, 3.1e-9
for the exponential: below float32's rounding). NaN stays NaN.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from sfumato.models.activations import activation
from sfumato.training.kernels.jit import callable_from_kernels

F = np.float32

# pi in three parts: the first two have so few digits that products with integers below 8192 are exact.
_PI_1, _PI_2, _PI_3 = F(3.140625), F(0.0009670257568359375), F(6.2771141529083252e-07)
_INVERSE_PI, _HALF_PI = F(1 / math.pi), F(math.pi / 2)
_SINE = tuple(
    F(c) for c in (-0.16666657096504547, 0.008333017291562907, -0.0001980661520153905, 2.6000547684486286e-06)
)

_LN2_1, _LN2_2 = F(0.693359375), F(-2.12194440e-4)
_INVERSE_LN2 = F(1 / math.log(2))
_EXP = tuple(
    F(c)
    for c in (
        0.5000000095128149,
        0.16666518898803723,
        0.041666205986350874,
        0.008368882234917349,
        0.001395047883108201,
    )
)
_EXP_MIN, _EXP_MAX = F(-87.0), F(88.0)
"""The exponential is constant beyond these bounds: float32 has no much smaller or larger numbers."""

# Contraction to fused multiply-adds only: reassociation would merge the parts of pi again.
_plain: Any = callable_from_kernels({"contract"})


def _generate_two_to(typing_context, exponent):
    def code(context, builder, signature, arguments):
        biased = builder.add(arguments[0], ir.Constant(ir.IntType(32), 127))
        return builder.bitcast(builder.shl(biased, ir.Constant(ir.IntType(32), 23)), ir.FloatType())

    return types.float32(types.int32), code


_two_to: Any = intrinsic(_generate_two_to)
"""Return 2 to an integer power from -126 to 127, by writing the exponent's bits."""


@_plain
def _sine_near_0(r: np.float32) -> np.float32:
    # The angle of a huge argument has no correct digits: clipping keeps the result in [-1, 1] all the same.
    r = -_HALF_PI if r < -_HALF_PI else _HALF_PI if r > _HALF_PI else r
    s = r * r
    return r + r * s * (_SINE[0] + s * (_SINE[1] + s * (_SINE[2] + s * _SINE[3])))


@_plain
def _odd(n: np.float32) -> np.float32:
    half = n * F(0.5)
    return F(2) * (half - np.floor(half))


@_plain
def sin32(x: np.float32) -> np.float32:
    """Return the sine of a float32; beyond |x| = 2,000 it loses digits."""
    n = np.floor(x * _INVERSE_PI + F(0.5))
    r = ((x - n * _PI_1) - n * _PI_2) - n * _PI_3
    return _sine_near_0(r) * (F(1) - F(2) * _odd(n))


@_plain
def cos32(x: np.float32) -> np.float32:
    """Return the cosine of a float32, as the sine of x + pi/2, with as many digits as `sin32`."""
    n = np.floor(x * _INVERSE_PI) + F(0.5)
    r = ((x - n * _PI_1) - n * _PI_2) - n * _PI_3
    return _sine_near_0(r) * (F(2) * _odd(n - F(0.5)) - F(1))


@_plain
def exp32(x: np.float32) -> np.float32:
    """Return the exponential of a float32 clipped to [-87, 88]."""
    x = _EXP_MIN if x < _EXP_MIN else _EXP_MAX if x > _EXP_MAX else x
    n = np.floor(x * _INVERSE_LN2 + F(0.5))
    r = (x - n * _LN2_1) - n * _LN2_2
    p = F(1) + r + r * r * (_EXP[0] + r * (_EXP[1] + r * (_EXP[2] + r * (_EXP[3] + r * _EXP[4]))))
    # NaN cannot be converted to an integer: any exponent will do, because p is NaN too.
    return p * _two_to(np.int32(n if n == n else F(0)))


@functools.cache
def register_overloads() -> None:
    """Make Numba use these functions for `sfumato.models.activations.activation` where arguments are float32."""
    _register(activation.exp, exp32, math.exp)
    _register(activation.sin, sin32, math.sin)
    _register(activation.cos, cos32, math.cos)


def _register(function: Any, fast: Any, exact: Any) -> None:
    @overload(function, inline="always")
    def choose(x):
        if x == types.float32:
            return lambda x: fast(x)
        return lambda x: exact(x)
