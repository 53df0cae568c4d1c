"""Java's ``StrictMath.log``: the logarithm of fdlibm 5.3 (Sun Microsystems 1993), which defines every bit.

The C library's own logarithm is as accurate but rounds one value in fourteen the other way (glibc 2.36), and a normal
number drawn by `sfumato.training.java_random` would then differ in its last digit. The algorithm and its constants
are those of ``e_log.c``: x = 2^k (1 + f), then a polynomial in (f / (2 + f))^2.
"""

from __future__ import annotations

import numpy as np

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
