"""Elementary functions of float32 without branches or calls, which LLVM turns into loops over whole registers.

`register_overloads` makes Numba use them for `sfumato.models.activations.activation`. Each reduces its argument to a
short interval (Cody and Waite 1980) and evaluates a minimax polynomial there (largest error 4.6e-9 for the sine, 3.1e-9
for the exponential, 5.8e-9 for the logarithm, 1.3e-9 for the error function: below float32's rounding). NaN stays NaN.
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

_LOG = tuple(
    F(c)
    for c in (
        0.3333333170813375,
        -0.25000821039054616,
        0.20001226830833357,
        -0.1662335715701731,
        0.14201758974573883,
        -0.13160185141829647,
        0.12761571211773165,
        -0.07634482016456248,
    )
)
_SQRT_HALF_BITS = 0x3F3504F3
"""The bits of sqrt(1/2), from which mantissas are counted: to sqrt(2)."""

_ERFC = tuple(
    F(c)
    for c in (
        0.1880319521698676,
        0.18875482386281428,
        0.17088793274438985,
        0.19453224397719288,
        -0.008576183128266246,
        0.4155600811593394,
        -0.45535857044047856,
        0.5461994919828849,
        -0.2965556534576319,
        0.05652388212447197,
    )
)
_ERFC_MAX = F(9.3)
"""The complementary error function is constant beyond: float32 has no much smaller numbers."""

# Contraction to fused multiply-adds only: reassociation would merge the parts of pi again.
_plain: Any = callable_from_kernels({"contract"})


def _generate_two_to(typing_context, exponent):
    def code(context, builder, signature, arguments):
        biased = builder.add(arguments[0], ir.Constant(ir.IntType(32), 127))
        return builder.bitcast(builder.shl(biased, ir.Constant(ir.IntType(32), 23)), ir.FloatType())

    return types.float32(types.int32), code


_two_to: Any = intrinsic(_generate_two_to)
"""Return 2 to an integer power from -126 to 127, by writing the exponent's bits."""


def _generate_log2(typing_context, x):
    def code(context, builder, signature, arguments):
        whole = ir.IntType(32)
        return builder.ashr(
            builder.sub(builder.bitcast(arguments[0], whole), ir.Constant(whole, _SQRT_HALF_BITS)),
            ir.Constant(whole, 23),
        )

    return types.int32(types.float32), code


_log2: Any = intrinsic(_generate_log2)
"""Return the integer n for which 2^-n times a positive number is from sqrt(1/2) to sqrt(2), by reading its bits."""


def _generate_mantissa(typing_context, x, exponent):
    def code(context, builder, signature, arguments):
        whole = ir.IntType(32)
        shifted = builder.shl(arguments[1], ir.Constant(whole, 23))
        return builder.bitcast(builder.sub(builder.bitcast(arguments[0], whole), shifted), ir.FloatType())

    return types.float32(types.float32, types.int32), code


_mantissa: Any = intrinsic(_generate_mantissa)
"""Return a positive number divided by 2 to the power of `_log2` of it."""


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
def _exp_remainder(r: np.float32) -> np.float32:
    # exp(r) - 1 - r for |r| up to log(2) / 2. `exp32` has it in place: called there, it would round a few results
    # differently, and with them the weights of existing recipes.
    return r * r * (_EXP[0] + r * (_EXP[1] + r * (_EXP[2] + r * (_EXP[3] + r * _EXP[4]))))


@_plain
def _power_of_2(n: np.float32) -> np.float32:
    # NaN cannot be converted to an integer: any exponent will do, because what it multiplies is NaN too.
    return _two_to(np.int32(n if n == n else F(0)))


@_plain
def exp32(x: np.float32) -> np.float32:
    """Return the exponential of a float32 clipped to [-87, 88]."""
    x = _EXP_MIN if x < _EXP_MIN else _EXP_MAX if x > _EXP_MAX else x
    n = np.floor(x * _INVERSE_LN2 + F(0.5))
    r = (x - n * _LN2_1) - n * _LN2_2
    p = F(1) + r + r * r * (_EXP[0] + r * (_EXP[1] + r * (_EXP[2] + r * (_EXP[3] + r * _EXP[4]))))
    # NaN cannot be converted to an integer: any exponent will do, because p is NaN too.
    return p * _two_to(np.int32(n if n == n else F(0)))


@_plain
def expm1_32(x: np.float32) -> np.float32:
    """Return the exponential of a float32 clipped to [-87, 88], minus 1, with all digits near 0."""
    x = _EXP_MIN if x < _EXP_MIN else _EXP_MAX if x > _EXP_MAX else x
    n = np.floor(x * _INVERSE_LN2 + F(0.5))
    r = (x - n * _LN2_1) - n * _LN2_2
    power = _power_of_2(n)
    return (r + _exp_remainder(r)) * power + (power - F(1))


@_plain
def log1p32(x: np.float32) -> np.float32:
    """Return the logarithm of 1 + x, for finite float32 above -1, with all digits near 0."""
    u = F(1) + x
    # What rounding took from 1 + x changes the logarithm by as much, divided by u.
    lost = (x - (u - F(1))) / u
    n = _log2(u)
    f = _mantissa(u, n) - F(1)
    p = _LOG[5] + f * (_LOG[6] + f * _LOG[7])
    p = _LOG[0] + f * (_LOG[1] + f * (_LOG[2] + f * (_LOG[3] + f * (_LOG[4] + f * p))))
    exponent = F(n)
    square = f * f
    return exponent * _LN2_1 + (f + ((square * f * p - F(0.5) * square) + (exponent * _LN2_2 + lost)))


@_plain
def erfc32(x: np.float32) -> np.float32:
    """Return the complementary error function of a float32 clipped to at most 9.3, with all digits of small values.

    For x >= 0 it is exp(-x^2) t p(t) with t = 3 / (3 + x) (the form of Cody 1969, whose functions are rational).
    """
    z = abs(x)
    z = _ERFC_MAX if z > _ERFC_MAX else z
    # The square of a number of few digits is exact; that of z would lose digits, of which the exponential makes errors.
    short = np.floor(z * F(16)) * F(0.0625)
    square, rest = short * short, (z - short) * (z + short)
    n = np.floor(F(0.5) - (square + rest) * _INVERSE_LN2)
    r = ((-square - n * _LN2_1) - n * _LN2_2) - rest
    t = F(3) / (F(3) + z)
    p = _ERFC[5] + t * (_ERFC[6] + t * (_ERFC[7] + t * (_ERFC[8] + t * _ERFC[9])))
    p = _ERFC[0] + t * (_ERFC[1] + t * (_ERFC[2] + t * (_ERFC[3] + t * (_ERFC[4] + t * p))))
    tail = (F(1) + r + _exp_remainder(r)) * (t * p) * _power_of_2(n)
    return tail if x >= F(0) else F(2) - tail


@functools.cache
def register_overloads() -> None:
    """Make Numba use these functions for `sfumato.models.activations.activation` where arguments are float32."""
    _register(activation.exp, exp32, math.exp)
    _register(activation.expm1, expm1_32, math.expm1)
    _register(activation.log1p, log1p32, math.log1p)
    _register(activation.erfc, erfc32, math.erfc)
    _register(activation.sin, sin32, math.sin)
    _register(activation.cos, cos32, math.cos)
    overload(activation.constant, inline="always")(_constant)


def _constant(number, like):
    if like == types.float32:
        return lambda number, like: F(number)  # noqa: ARG005
    return lambda number, like: number  # noqa: ARG005


def _register(function: Any, fast: Any, exact: Any) -> None:
    @overload(function, inline="always")
    def choose(x):
        if x == types.float32:
            return lambda x: fast(x)
        return lambda x: exact(x)
