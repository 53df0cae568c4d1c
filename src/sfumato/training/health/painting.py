"""What is wrong with a painting, in words."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sfumato import images
from sfumato.training.evaluation import Evaluation

NEAR = 1e-3
"""Outputs this close to 0 or 1, where a sigmoid's slope is below a thousandth, count as saturated."""

UNIFORM = 50.0
"""dB at which one flat colour cannot be told from the picture."""

MANY = 0.25
"""A finding is made of saturation when this part of the outputs is saturated without need."""


def findings(
    evaluation: Evaluation, picture: NDArray[np.float64], *, squashed: bool, epoch: float = math.inf
) -> list[str]:
    """Sentences about the painting (H, W, C) beside the picture; empty when there is nothing to say.

    ``squashed`` tells that the outputs pass through a sigmoid. Before the first ``epoch`` is over nothing can be
    expected of a painting, nor of one of a picture that is uniform.
    """
    found: list[str] = []
    painting = evaluation.painting
    if not np.isfinite(painting).all():
        return ["The network answers with values that are not finite. Try a lower learning rate (training.optimizer)."]
    flat = flat_psnr(picture)
    if evaluation.psnr <= flat + 0.1 and epoch >= 1 and flat < UNIFORM:
        found.append(
            f"The painting ({evaluation.psnr:.2f} dB) is no better than one flat colour, the picture's mean "
            f"({flat:.2f} dB): the network has learned nothing of the picture's shapes yet."
        )
    if squashed:
        share = saturated(painting, picture)
        if share >= MANY:
            found.append(
                f"{share:.0%} of the outputs are saturated: the sigmoid is within {NEAR:g} of 0 or 1 where the picture "
                "is not, so hardly any gradient passes. Try a linear output (model.output), smaller updates, "
                "or smaller initial weights."
            )
    return found


def flat_psnr(picture: NDArray[np.float64]) -> float:
    """dB of one flat colour, the mean of the picture (H, W, C): what a network comes to that learns no shapes."""
    return images.psnr(images.mse(np.broadcast_to(picture.mean(axis=(0, 1)), picture.shape), picture))


def saturated(painting: NDArray[np.floating], picture: NDArray[np.floating]) -> float:
    """The part of the outputs that is within `NEAR` of 0 or 1 where the picture is not."""
    return float((_near_the_ends(painting) & ~_near_the_ends(picture)).mean())


def _near_the_ends(values: NDArray[np.floating]) -> NDArray[np.bool_]:
    return (values < NEAR) | (values > 1 - NEAR)
