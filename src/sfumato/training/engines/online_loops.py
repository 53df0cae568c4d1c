"""Products with a matrix that lies in the second-level cache, and its update, each in one pass over it.

Matrices are row by row, their rows a multiple of 4 and their columns a multiple of 16, filled up with zeros: no
remainders, and four rows at a time share one load of the vector. LLVM makes 512-bit or 256-bit fused multiply-adds of
the inner loops because sums may be reassociated; infinities and NaN keep their meaning, so that a run that diverges
shows it.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float32]

FASTMATH = {"reassoc", "contract", "nsz"}


@njit(fastmath=FASTMATH, nogil=True, error_model="numpy")
def dots(m: Floats, v: Floats, out: Floats) -> None:
    """out = m v."""
    zero = np.float32(0)
    for r in range(0, m.shape[0], 4):
        m0, m1, m2, m3 = m[r], m[r + 1], m[r + 2], m[r + 3]
        s0, s1, s2, s3 = zero, zero, zero, zero
        for i in range(m.shape[1]):
            s0 += m0[i] * v[i]
            s1 += m1[i] * v[i]
            s2 += m2[i] * v[i]
            s3 += m3[i] * v[i]
        out[r], out[r + 1], out[r + 2], out[r + 3] = s0, s1, s2, s3


@njit(fastmath=FASTMATH, nogil=True, error_model="numpy")
def combine(m: Floats, c: Floats, out: Floats) -> None:
    """out = m^T c."""
    out[:] = 0
    for r in range(0, m.shape[0], 4):
        m0, m1, m2, m3 = m[r], m[r + 1], m[r + 2], m[r + 3]
        c0, c1, c2, c3 = c[r], c[r + 1], c[r + 2], c[r + 3]
        for i in range(m.shape[1]):
            out[i] += c0 * m0[i] + c1 * m1[i] + c2 * m2[i] + c3 * m3[i]


@njit(fastmath=FASTMATH, nogil=True, error_model="numpy")
def dots_update(m: Floats, v: Floats, out: Floats, rate: float, c: Floats) -> None:
    """out = m v, then m -= rate c v^T."""
    zero = np.float32(0)
    for r in range(m.shape[0] - 4, -1, -4):
        m0, m1, m2, m3 = m[r], m[r + 1], m[r + 2], m[r + 3]
        c0, c1, c2, c3 = rate * c[r], rate * c[r + 1], rate * c[r + 2], rate * c[r + 3]
        s0, s1, s2, s3 = zero, zero, zero, zero
        for i in range(m.shape[1]):
            w0, w1, w2, w3, x = m0[i], m1[i], m2[i], m3[i], v[i]
            s0 += w0 * x
            s1 += w1 * x
            s2 += w2 * x
            s3 += w3 * x
            m0[i] = w0 - c0 * x
            m1[i] = w1 - c1 * x
            m2[i] = w2 - c2 * x
            m3[i] = w3 - c3 * x
        out[r], out[r + 1], out[r + 2], out[r + 3] = s0, s1, s2, s3


@njit(fastmath=FASTMATH, nogil=True, error_model="numpy")
def combine_update(m: Floats, c: Floats, out: Floats, rate: float, v: Floats) -> None:
    """out = m^T c, then m -= rate c v^T."""
    out[:] = 0
    for r in range(m.shape[0] - 4, -1, -4):
        m0, m1, m2, m3 = m[r], m[r + 1], m[r + 2], m[r + 3]
        c0, c1, c2, c3 = c[r], c[r + 1], c[r + 2], c[r + 3]
        e0, e1, e2, e3 = rate * c0, rate * c1, rate * c2, rate * c3
        for i in range(m.shape[1]):
            w0, w1, w2, w3, x = m0[i], m1[i], m2[i], m3[i], v[i]
            out[i] += c0 * w0 + c1 * w1 + c2 * w2 + c3 * w3
            m0[i] = w0 - e0 * x
            m1[i] = w1 - e1 * x
            m2[i] = w2 - e2 * x
            m3[i] = w3 - e3 * x


@njit(fastmath=FASTMATH, nogil=True, error_model="numpy")
def update(m: Floats, rate: float, c: Floats, v: Floats) -> None:
    """m -= rate c v^T."""
    for r in range(m.shape[0]):
        row, e = m[r], rate * c[r]
        for i in range(m.shape[1]):
            row[i] -= e * v[i]
