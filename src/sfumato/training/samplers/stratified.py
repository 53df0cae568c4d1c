"""One random pixel from each of as many equal parts of the picture as a step has samples: jittered sampling.

The parts are stretches of a Hilbert curve through the training pixels (He and Owen 2016, Extensible grids: uniform
sampling on a space filling curve): connected regions of equal area, for any batch size, shape and mask of the
picture. A stretch may begin and end within a pixel. Every pixel is drawn with the same probability, so that the mean
gradient of a step is unbiased; its variance is that within the parts alone. The pixels of a step are shuffled, because
FOOF and K-FAC measure the inputs of a step's first samples alone, which must represent the picture.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfumato.recipe import choices
from sfumato.rng import rng_for
from sfumato.training.samplers.sampler import Context, seeded


def draw(choice: choices.Sampler, context: Context, epoch: int) -> NDArray[np.int64]:
    """Return the pixels of one epoch, step after step."""
    samples, batch = context.samples, context.batch
    random = rng_for(context.seed, f"order/{epoch}")
    jitter = random.random(samples)
    number = np.arange(samples)
    # The last step of an epoch may have fewer samples, and so as many fewer parts.
    parts = np.minimum(batch, samples - number // batch * batch)
    positions = ((number % batch + jitter) * (samples / parts)).astype(np.int64)
    # A position just below a whole number may be rounded up to it.
    shuffled = np.lexsort((random.random(samples), number // batch))
    return context.grid.curve[np.minimum(positions, samples - 1)[shuffled]]


IMPLEMENTATION = seeded(draw)
