"""A new permutation of the samples in every epoch, as in 2012."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfumato.recipe import choices
from sfumato.rng import rng_for
from sfumato.training.samplers.sampler import Context, seeded


def permutation(choice: choices.Sampler, context: Context, epoch: int) -> NDArray[np.int64]:
    """Return the permutation of one epoch."""
    return rng_for(context.seed, f"order/{epoch}").permutation(context.samples)


IMPLEMENTATION = seeded(permutation)
