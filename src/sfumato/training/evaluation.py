"""A painting compared with the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfumato import images


@dataclass(frozen=True)
class Evaluation:
    """Errors over all pixels and channels, on values as the network learned them."""

    painting: NDArray[np.floating]
    """(H, W, C), unclipped."""
    mse: float
    """Mean squared error, unclipped."""
    mae: float
    """Mean absolute error, unclipped."""
    psnr: float
    """dB of the painting clipped to [0, 1]."""
    ssim: float
    """Structural similarity of the clipped painting."""
    psnr_held_out: float | None
    """dB over the pixels that training never saw, or None where there are none."""
    psnr_shown: float | None
    """dB over all others, or None where none are held out."""
    flat_psnr_held_out: float | None
    """dB over the pixels held out of one flat color, the mean of the others."""


def evaluate(
    painting: NDArray[np.floating], picture: NDArray[np.float64], held_out: NDArray[np.bool_] | None
) -> Evaluation:
    """Compare; ``held_out`` is the (H, W) mask of pixels that are not trained on."""
    clipped = np.clip(painting, 0.0, 1.0)
    return Evaluation(
        painting,
        images.mse(painting, picture),
        images.mae(painting, picture),
        images.psnr(images.mse(clipped, picture)),
        images.ssim(clipped, picture),
        None if held_out is None else images.psnr(images.mse(clipped[held_out], picture[held_out])),
        None if held_out is None else images.psnr(images.mse(clipped[~held_out], picture[~held_out])),
        None if held_out is None else images.psnr(images.mse(_flat(picture, held_out), picture[held_out])),
    )


def _flat(picture: NDArray[np.float64], held_out: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(n, C): the mean of the pixels that are not held out, for each one that is."""
    unseen = picture[held_out]
    return np.broadcast_to(picture[~held_out].mean(axis=0), unseen.shape)
