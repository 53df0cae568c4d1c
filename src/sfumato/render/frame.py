"""One moment of a run, as a film shows it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Frame:
    """A painting and what was known when it was made."""

    painting: NDArray[np.float32]
    """(h, w, C), C = 1 gray, 3 RGB, 4 RGBA; values outside [0, 1] are clipped when drawn, nan is drawn as 0."""
    epoch: float
    """Times that every training pixel had been visited."""
    step: int
    """Updates made."""
    psnr: float | None
    """Of the painting, in dB; None where it was not measured."""
    loss: float
    """The running training loss; may be nan or infinite."""


def between(before: Frame, after: Frame, share: float) -> Frame:
    """What is said of a picture into which so much of the later one, 0 to 1, is blended; its painting is the nearer."""
    nearer = before if share < 0.5 else after
    psnr, loss = nearer.psnr, nearer.loss
    if before.psnr is not None and after.psnr is not None and math.isfinite(before.psnr + after.psnr):
        psnr = before.psnr + share * (after.psnr - before.psnr)
    if 0 < before.loss < math.inf and 0 < after.loss < math.inf:
        loss = before.loss ** (1 - share) * after.loss**share
    epoch = before.epoch + share * (after.epoch - before.epoch)
    return Frame(nearer.painting, epoch, nearer.step, psnr, loss)
