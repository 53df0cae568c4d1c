"""Independent draws with replacement from all samples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfumato.recipe import choices
from sfumato.rng import rng_for
from sfumato.training.samplers.sampler import Context, seeded


def draw(choice: choices.Sampler, context: Context, epoch: int) -> NDArray[np.int64]:
    """Return as many draws as there are samples."""
    return rng_for(context.seed, f"order/{epoch}").integers(context.samples, size=context.samples)


IMPLEMENTATION = seeded(draw)
