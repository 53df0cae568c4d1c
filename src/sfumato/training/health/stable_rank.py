"""The stable rank of a matrix: ||W||_F^2 / ||W||_2^2 (Rudelson and Vershynin 2007).

Between 1, where all units ask the same of their inputs, and the rank. It hardly changes with small changes of the
matrix, as the rank does.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

SMALL = 16
"""Up to so many rows or columns the largest singular value is taken from the small Gram matrix."""


def stable_rank(matrix: NDArray[np.floating]) -> float:
    """Of a (rows, columns) matrix; nan where an element is not finite or all are 0."""
    values = np.asarray(matrix, np.float64)
    size = np.abs(values).max(initial=0.0)
    if not np.isfinite(size) or size == 0:
        return float("nan")
    # Squares of the smallest and largest numbers would not be numbers.
    values = values / size
    if min(values.shape) <= SMALL:
        gram = values @ values.T if values.shape[0] <= values.shape[1] else values.T @ values
        largest = float(np.linalg.eigvalsh(gram)[-1])
    else:
        # Lanczos takes a hundredth of what all singular values take. A fixed start: the same figure each time.
        from scipy.sparse.linalg import svds

        start = np.random.default_rng(0).standard_normal(min(values.shape))
        singular: Any = svds(values, k=1, tol=1e-4, v0=start, return_singular_vectors=False)  # pyright: ignore[reportArgumentType]
        largest = float(singular[0]) ** 2
    return float((values * values).sum()) / largest
