"""Products with a matrix that lies in the second-level cache, and its update, each in one pass over it.

Matrices lie row by row, their rows a multiple of 4 and their columns a multiple of 16, filled up with zeros: then
four rows share each load of the vector and there are no remainders. LLVM makes fused multiply-adds of the widest
registers of the inner loops, for which sums may be reassociated; infinities and NaN keep their meaning, so that a run
which diverges shows it.
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
def dots_update(m: Floats, v: Floats, out: Floats, rate: np.float32, a: Floats, b: Floats, u: Floats) -> None:
    """out = m v, then m -= rate a v^T + b u^T."""
    zero = np.float32(0)
    for r in range(0, m.shape[0], 4):
        m0, m1, m2, m3 = m[r], m[r + 1], m[r + 2], m[r + 3]
        a0, a1, a2, a3 = rate * a[r], rate * a[r + 1], rate * a[r + 2], rate * a[r + 3]
        b0, b1, b2, b3 = b[r], b[r + 1], b[r + 2], b[r + 3]
        s0, s1, s2, s3 = zero, zero, zero, zero
        for i in range(m.shape[1]):
            w0, w1, w2, w3, x, y = m0[i], m1[i], m2[i], m3[i], v[i], u[i]
            s0 += w0 * x
            s1 += w1 * x
            s2 += w2 * x
            s3 += w3 * x
            m0[i] = w0 - a0 * x - b0 * y
            m1[i] = w1 - a1 * x - b1 * y
            m2[i] = w2 - a2 * x - b2 * y
            m3[i] = w3 - a3 * x - b3 * y
        out[r], out[r + 1], out[r + 2], out[r + 3] = s0, s1, s2, s3


@njit(fastmath=FASTMATH, nogil=True, error_model="numpy")
def combine_update(m: Floats, c: Floats, out: Floats, rate: np.float32, v: Floats, b: Floats, u: Floats) -> None:
    """out = m^T c, then m -= rate c v^T + b u^T."""
    out[:] = 0
    for r in range(0, m.shape[0], 4):
        m0, m1, m2, m3 = m[r], m[r + 1], m[r + 2], m[r + 3]
        c0, c1, c2, c3 = c[r], c[r + 1], c[r + 2], c[r + 3]
        a0, a1, a2, a3 = rate * c0, rate * c1, rate * c2, rate * c3
        b0, b1, b2, b3 = b[r], b[r + 1], b[r + 2], b[r + 3]
        for i in range(m.shape[1]):
            w0, w1, w2, w3, x, y = m0[i], m1[i], m2[i], m3[i], v[i], u[i]
            out[i] += c0 * w0 + c1 * w1 + c2 * w2 + c3 * w3
            m0[i] = w0 - a0 * x - b0 * y
            m1[i] = w1 - a1 * x - b1 * y
            m2[i] = w2 - a2 * x - b2 * y
            m3[i] = w3 - a3 * x - b3 * y


@njit(fastmath=FASTMATH, nogil=True, error_model="numpy")
def update(m: Floats, rate: np.float32, a: Floats, v: Floats) -> None:
    """m -= rate a v^T."""
    for r in range(m.shape[0]):
        row, step = m[r], rate * a[r]
        for i in range(m.shape[1]):
            row[i] -= step * v[i]


@njit(fastmath=FASTMATH, nogil=True, error_model="numpy")
def subtract_product(out: Floats, a: Floats, b: Floats, v: Floats) -> None:
    """out -= a (b . v): what an update a b^T that the matrix lacks would have changed in its product with v."""
    dot = np.float32(0)
    for i in range(len(v)):
        dot += b[i] * v[i]
    for i in range(len(out)):
        out[i] -= a[i] * dot
