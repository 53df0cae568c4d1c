"""What the end of a run tells: findings that follow from what was measured, each with what to change.

| what is measured at the end | said | to change |
|---|---|---|
| outputs that are not finite | that | a lower rate |
| a sigmoid's outputs at its ends without need | how many | a linear output, a lower rate, smaller initial weights |
| no better than one flat color, weights that stood still | by how much they moved | a higher rate |
| the same, errors far above it that still fall | from where to where | a longer budget, a higher rate |
| the same, errors far above it that do not fall | that | a lower rate |
| the same, near it | how little the answers vary | what passes more of a signal on |
| pixels held out that are painted worse than by one flat color, the others better | both | what answers smoothly |

A picture of one color, and a run shorter than an epoch, are no reason to say anything of what was learned.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfumato.recipe import Recipe
from sfumato.training.diagnosis import suggestions
from sfumato.training.health.painting import MANY, NEAR, UNIFORM, mean_color_psnr, saturated
from sfumato.training.movement import STILL
from sfumato.training.picture.evaluation import PictureMetrics

CLOSE = 0.1
"""dB above one flat color that are no learning."""

FAR = 2.0
"""Errors of so many times those of one flat color."""

FALLING = 0.98
"""Last errors below this part of the first have fallen."""


@dataclass(frozen=True)
class Course:
    """What became of a network on the way."""

    moved: float
    """Relative change of the weight matrix that changed most, from the first step to the last."""
    first_mse: float
    """Mean squared error of the samples shown at first; nan where it is not known."""
    last_mse: float
    """The same at last."""


def outcome(
    evaluation: PictureMetrics, picture: NDArray[np.float64], recipe: Recipe, epoch: float, course: Callable[[], Course]
) -> list[str]:
    """Sentences about a run's painting (H, W, C) beside the picture; empty when there is nothing to say.

    ``recipe`` resolved; ``course`` is asked where it matters.
    """
    painting = evaluation.painting
    if not np.isfinite(painting).all():
        return [
            f"The network answers with values that are not finite. {suggestions.as_text(suggestions.slower(recipe))}"
        ]
    found: list[str] = []
    squashed = recipe.model.output_activation == "sigmoid" and recipe.model.module is None
    share = saturated(painting, picture) if squashed else 0.0
    flat = mean_color_psnr(picture)
    expected = epoch >= 1 and flat < UNIFORM
    shown = evaluation.psnr if evaluation.psnr_shown is None else evaluation.psnr_shown
    if expected and shown <= flat + CLOSE:
        found.append(_nothing_learned(evaluation, picture, recipe, flat, course, told=share >= MANY))
    if share >= MANY:
        changes = (suggestions.linear_output(), suggestions.slower(recipe), *suggestions.other_start(recipe))
        found.append(
            f"{share:.0%} of the outputs are saturated: the sigmoid is within {NEAR:g} of 0 or 1 where the picture "
            f"is not, so hardly any gradient passes. {suggestions.as_text(*changes)}"
        )
    held_out, flat_held_out = evaluation.psnr_held_out, evaluation.mean_color_psnr_held_out
    if (
        expected
        and held_out is not None
        and flat_held_out is not None
        and held_out < flat_held_out
        and shown > flat + CLOSE
    ):
        found.append(
            f"Pixels held out are painted worse ({held_out:.2f} dB) than by one flat color ({flat_held_out:.2f} dB), "
            f"the others better ({shown:.2f} dB): the network remembers the pixels that it was shown, and answers "
            f"between them with noise. {suggestions.as_text(*suggestions.smoother(recipe))}"
        )
    return found


def _nothing_learned(
    evaluation: PictureMetrics,
    picture: NDArray[np.float64],
    recipe: Recipe,
    flat: float,
    course: Callable[[], Course],
    *,
    told: bool,
) -> str:
    so = f"The painting ({evaluation.psnr:.2f} dB) is no better than one flat color, the picture's mean ({flat:.2f} dB)"
    if told:
        # What is at its ends, and why, comes next.
        return f"{so}."
    way, mean_color_mse = course(), float(picture.var(axis=(0, 1)).mean())
    if way.moved < STILL:
        return (
            f"{so}: the weights stood still, changed by {way.moved:.0e} of their size in the whole run. "
            f"{suggestions.as_text(suggestions.faster(recipe))}"
        )
    if evaluation.mse > FAR * mean_color_mse:
        first, last = (
            f"{mse / mean_color_mse:.3g}" if math.isfinite(mse) else "many" for mse in (way.first_mse, way.last_mse)
        )
        if way.last_mse < FALLING * way.first_mse:
            return (
                f"{so}: errors came from {first} to {last} times those of that color, and fell to the end. Give it "
                f"longer (budget). {suggestions.as_text(suggestions.faster(recipe))}"
            )
        slower = suggestions.as_text(suggestions.slower(recipe))
        return f"{so}: errors are still {last} times those of that color. {slower}"
    varies = float(np.sqrt(evaluation.painting.var(axis=(0, 1)).mean() / mean_color_mse))
    return (
        f"{so}: the network has learned nothing of the picture's shapes yet; its answers vary {varies:.1g} times as "
        f"much as the picture. {suggestions.as_text(*suggestions.better(recipe))}"
    )
