"""What is wrong with a painting, in words."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sfumato import images
from sfumato.training.evaluation import Evaluation
from sfumato.words import duration

NEAR = 1e-3
"""Outputs this close to 0 or 1, where a sigmoid's slope is below a thousandth, count as saturated."""

UNIFORM = 50.0
"""dB at which one flat colour cannot be told from the picture."""

POOR = 22.0
"""dB below which one sees at once that a painting is not the picture."""

SMALLEST = 32
"""Pixels of a side: a smaller picture is no advice."""

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


def few_seen(evaluation: Evaluation, epoch: float, seconds: float, size: tuple[int, int]) -> list[str]:
    """A sentence where the budget was too short for a picture of ``size`` (H, W); none where the painting is good.

    ``seconds`` of training were as many as ``epoch`` took.
    """
    if not 0 < epoch < 1 or not evaluation.psnr < POOR:
        return []
    side = max(size)
    # So that what was shown would have been three epochs.
    smaller = int(float(f"{side * math.sqrt(epoch / 3):.1g}"))
    instead = f", or a smaller picture (--picture.max-side {smaller})" if SMALLEST <= smaller < side else ""
    return [
        f"Only {_percent(epoch)} of the pixels were shown to the network before the budget ended, each of them once: a "
        f"painting of {evaluation.psnr:.1f} dB. Give it a whole epoch (--budget.epochs 1, {duration(seconds / epoch)} "
        f"at this pace){instead}."
    ]


def _percent(part: float) -> str:
    return f"{part:.0%}" if part >= 0.01 else f"{100 * part:.1g}%"


def flat_psnr(picture: NDArray[np.float64]) -> float:
    """dB of one flat colour, the mean of the picture (H, W, C): what a network comes to that learns no shapes."""
    return images.psnr(images.mse(np.broadcast_to(picture.mean(axis=(0, 1)), picture.shape), picture))


def saturated(painting: NDArray[np.floating], picture: NDArray[np.floating]) -> float:
    """The part of the outputs that is within `NEAR` of 0 or 1 where the picture is not."""
    return float((_near_the_ends(painting) & ~_near_the_ends(picture)).mean())


def _near_the_ends(values: NDArray[np.floating]) -> NDArray[np.bool_]:
    return (values < NEAR) | (values > 1 - NEAR)
