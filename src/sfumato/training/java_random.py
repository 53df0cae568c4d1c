"""``java.util.Random``: the random numbers of a Java program, bit for bit.

Source of the algorithms: the documentation of ``java.util.Random`` (Java SE), which fixes them: a linear congruential
generator of 48 bits (Knuth 1981, 3.2.1), and normal numbers by the polar method (Knuth, 3.4.1 C), two at a time.

``StrictMath.log`` is the logarithm of fdlibm 5.3 (Sun Microsystems 1993), which defines every bit. The C library's own
logarithm is as accurate but rounds one value in fourteen the other way (glibc 2.36), and a normal number drawn here
would then differ in its last digit. The algorithm and its constants are those of ``e_log.c``: x = 2^k (1 + f), then a
polynomial in (f / (2 + f))^2.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.training.kernels.jit import kernel

_LN2_HIGH = 6.93147180369123816490e-01
_LN2_LOW = 1.90821492927058770002e-10
_L1 = 6.666666666666735130e-01
_L2 = 3.999999999940941908e-01
_L3 = 2.857142874366239149e-01
_L4 = 2.222219843214978396e-01
_L5 = 1.818357216161805012e-01
_L6 = 1.531383769920937332e-01
_L7 = 1.479819860511658591e-01

# The generator of java.util.Random.
_MULTIPLIER = 0x5DEECE66D
_MASK = (1 << 48) - 1


@kernel()
def strict_log(x: float) -> float:
    """Return log(x) for finite, positive, normal x."""
    bits = np.float64(x).view(np.int64)
    high = bits >> 32
    k = (high >> 20) - 1023
    high &= 0xFFFFF
    carry = (high + 0x95F64) & 0x100000  # keeps 1 + f between sqrt(2) / 2 and sqrt(2)
    k += carry >> 20
    f = np.int64(((high | (carry ^ 0x3FF00000)) << 32) | (bits & 0xFFFFFFFF)).view(np.float64) - 1.0
    dk = float(k)
    if (0xFFFFF & (2 + high)) < 3:  # |f| < 2^-20
        if f == 0.0:
            return dk * _LN2_HIGH + dk * _LN2_LOW if k != 0 else 0.0
        r = f * f * (0.5 - 0.33333333333333333 * f)
        return dk * _LN2_HIGH - ((r - dk * _LN2_LOW) - f) if k != 0 else f - r
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    r = z * (_L1 + w * (_L3 + w * (_L5 + w * _L7))) + w * (_L2 + w * (_L4 + w * _L6))
    if ((high - 0x6147A) | (0x6B851 - high)) > 0:
        half = 0.5 * f * f
        if k == 0:
            return f - (half - s * (half + r))
        return dk * _LN2_HIGH - ((half - (s * (half + r) + dk * _LN2_LOW)) - f)
    if k == 0:
        return f - s * (f - r)
    return dk * _LN2_HIGH - ((s * (f - r) - dk * _LN2_LOW) - f)


@kernel()
def _next(seed: NDArray[np.int64], bits: int) -> int:
    # The product overflows 64 bits, but its low 48 bits are correct.
    seed[0] = (seed[0] * _MULTIPLIER + 0xB) & _MASK
    return seed[0] >> (48 - bits)


@kernel()
def _next_below(seed: NDArray[np.int64], bound: int) -> int:
    drawn = _next(seed, 31)
    if bound & (bound - 1) == 0:
        return (bound * drawn) >> 31
    result = drawn % bound
    # Java tests for an overflow of 32 bits here: a number of the last, incomplete run of `bound` is drawn again.
    while drawn - result + (bound - 1) >= 1 << 31:
        drawn = _next(seed, 31)
        result = drawn % bound
    return result


@kernel()
def _next_double(seed: NDArray[np.int64]) -> float:
    high = _next(seed, 26) << 27
    return (high + _next(seed, 27)) * 2.0**-53


@kernel()
def _fill_gaussians(seed: NDArray[np.int64], pending: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    for i in range(len(out)):
        if not np.isnan(pending[0]):
            out[i] = pending[0]
            pending[0] = np.nan
            continue
        while True:
            v1 = 2 * _next_double(seed) - 1
            v2 = 2 * _next_double(seed) - 1
            s = v1 * v1 + v2 * v2
            if 0 < s < 1:
                break
        factor = math.sqrt(-2 * strict_log(s) / s)
        pending[0] = v2 * factor
        out[i] = v1 * factor


@kernel()
def _fill_permutation(seed: NDArray[np.int64], out: NDArray[np.int64]) -> None:
    # A Fenwick tree counts the remaining elements, so that the one at a position is found in O(log n).
    n = len(out)
    tree = np.zeros(n + 1, np.int64)
    for i in range(1, n + 1):
        tree[i] = i & -i
    top = 1
    while top * 2 <= n:
        top *= 2
    for taken in range(n):
        position = _next_below(seed, n - taken)
        node, step = 0, top
        while step > 0:
            child = node + step
            if child <= n and tree[child] <= position:
                position -= tree[child]
                node = child
            step >>= 1
        out[taken] = node
        node += 1
        while node <= n:
            tree[node] -= 1
            node += node & -node


class JavaRandom:
    """The stream of random numbers of ``new java.util.Random(seed)``."""

    def __init__(self, seed: int) -> None:
        """Seed the stream; ``seed``: any signed 64-bit integer, of which Java uses the low 48 bits."""
        self._seed = np.array([(seed ^ _MULTIPLIER) & _MASK], np.int64)
        # The second normal number of a pair if it is still unused, otherwise NaN.
        self._pending = np.array([np.nan])

    def next(self, bits: int) -> int:
        """Return the next 1 to 32 bits as a signed 32-bit integer."""
        value = int(_next(self._seed, bits))
        return value - (1 << 32) if value >= 1 << 31 else value

    def next_int(self, bound: int | None = None) -> int:
        """Return any 32-bit integer, or one from 0 to ``bound`` - 1.

        Raise ValueError unless ``bound`` is from 1 to 2^31 - 1.
        """
        if bound is None:
            return self.next(32)
        if not 1 <= bound < 1 << 31:
            raise ValueError(f"bound must be from 1 to 2^31 - 1. Got {bound}.")
        return int(_next_below(self._seed, bound))

    def next_double(self) -> float:
        """Return a uniformly distributed number in [0, 1)."""
        return float(_next_double(self._seed))

    def next_gaussian(self) -> float:
        """Return a normally distributed number with mean 0 and standard deviation 1."""
        return float(self.gaussians(1)[0])

    def gaussians(self, count: int) -> NDArray[np.float64]:
        """Return (count,) results of `next_gaussian`."""
        out = np.empty(count)
        _fill_gaussians(self._seed, self._pending, out)
        return out

    def permutation(self, n: int) -> NDArray[np.int64]:
        """Return the numbers 0 to n - 1, (n,), in the order in which they are removed from a list.

        ``next_int(remaining)`` gives the position of the next removed number; the others stay in order.
        """
        out = np.empty(n, np.int64)
        _fill_permutation(self._seed, out)
        return out

    def state(self) -> dict[str, NDArray[Any]]:
        """Return the state from which the same numbers are drawn again."""
        return {"seed": self._seed.copy(), "pending_gaussian": self._pending.copy()}

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Restore a state that `state` returned."""
        self._seed[:] = state["seed"]
        self._pending[:] = state["pending_gaussian"]
