"""Pixels at the points of a Halton sequence with bases 2 and 3 (Halton 1960), digits permuted (Owen 2017).

Compared with a Sobol sequence its points are less evenly spread, but no number of points is better than others.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sfumato.training.samplers.low_discrepancy import low_discrepancy


def sequence(random: np.random.Generator) -> Any:
    """Return a sequence in the plane."""
    # Imported here, because it takes a second, and few samplers need it.
    from scipy.stats import qmc

    return qmc.Halton(2, scramble=True, rng=random)


IMPLEMENTATION = low_discrepancy(sequence, "halton")
