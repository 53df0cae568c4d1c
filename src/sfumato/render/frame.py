"""Frames of a film."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Frame:
    """A painting with its epoch, step, PSNR, and loss."""

    painting: NDArray[np.float32]
    """(h, w, C), C = 1 gray, 3 RGB, 4 RGBA; values outside [0, 1] are clipped when drawn, nan is drawn as 0."""
    epoch: float
    """Epochs trained so far."""
    step: int
    """Updates made so far."""
    psnr: float | None
    """PSNR of the painting in dB; None where it was not measured."""
    loss: float
    """The running training loss; may be nan or infinite."""


def interpolate(before: Frame, after: Frame, weight: float) -> Frame:
    """Return a frame between two others, ``weight`` (0 to 1) of the way to the later one.

    Epoch and PSNR are interpolated linearly, the loss logarithmically. Painting and step are those of the nearer frame.
    """
    nearer = before if weight < 0.5 else after
    psnr, loss = nearer.psnr, nearer.loss
    if before.psnr is not None and after.psnr is not None and math.isfinite(before.psnr + after.psnr):
        psnr = before.psnr + weight * (after.psnr - before.psnr)
    if 0 < before.loss < math.inf and 0 < after.loss < math.inf:
        loss = before.loss ** (1 - weight) * after.loss**weight
    epoch = before.epoch + weight * (after.epoch - before.epoch)
    return Frame(nearer.painting, epoch, nearer.step, psnr, loss)
