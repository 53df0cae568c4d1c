"""Pixels at the points of a scrambled Sobol sequence (Sobol 1967; Joe and Kuo 2008; scrambled as in Matousek 1998).

On a picture whose sides are powers of 2, an epoch visits every pixel once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sfumato.training.samplers.low_discrepancy import low_discrepancy


def sequence(random: np.random.Generator) -> Any:
    """Return a sequence in the plane."""
    # Imported here, because it takes a second, and few samplers need it.
    from scipy.stats import qmc

    return qmc.Sobol(2, scramble=True, bits=32, rng=random)


IMPLEMENTATION = low_discrepancy(sequence, "sobol")
