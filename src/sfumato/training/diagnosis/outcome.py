"""Findings at the end of a run: they follow from what was measured, each with a suggestion.

| measured at the end | the finding reports | suggestion |
|---|---|---|
| outputs that are not finite | that they are not finite | a lower rate |
| outputs of a sigmoid at 0 or 1 where the picture is not | how many | a linear output, a lower rate, smaller weights |
| no better than the mean-color baseline, negligible updates | the change of the weights | a higher rate |
| the same, MSE far above the baseline and still falling | the first and last MSE | a longer budget, a higher rate |
| the same, MSE far above the baseline and not falling | the last MSE | a lower rate |
| the same, MSE near the baseline | how little the outputs vary | what learns more than the mean color |
| held-out pixels worse than the mean-color baseline, the others better | the PSNR of both | smoother components |

For a picture of a single color, and for a run shorter than an epoch, nothing is reported about what was learned.
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
from sfumato.training.movement import NEGLIGIBLE_CHANGE
from sfumato.training.picture.evaluation import PictureMetrics

MARGIN = 0.1
"""dB by which a painting must exceed the mean-color baseline to count as learned."""

FAR = 2.0
"""Relative MSE that is far above the mean-color baseline."""

FALLING = 0.98
"""Ratio of the last MSE to the first below which the MSE has fallen."""


@dataclass(frozen=True)
class Course:
    """How a network changed from the first step of its training to the last."""

    moved: float
    """Relative change of the weight matrix that changed most."""
    first_mse: float
    """Mean squared error of the first samples; nan where unknown."""
    last_mse: float
    """Mean squared error of the last samples."""


def outcome(
    evaluation: PictureMetrics, picture: NDArray[np.float64], recipe: Recipe, epoch: float, course: Callable[[], Course]
) -> list[str]:
    """Return sentences about a run's painting compared with the picture (H, W, C); none where all is well.

    ``recipe`` resolved; ``course`` is only called where its result matters.
    """
    painting = evaluation.painting
    if not np.isfinite(painting).all():
        return [f"The network's outputs are not finite. {suggestions.as_text(suggestions.lower_rate(recipe))}"]
    found: list[str] = []
    has_sigmoid = recipe.model.output_activation == "sigmoid" and recipe.model.module is None
    saturation = saturated(painting, picture) if has_sigmoid else 0.0
    baseline = mean_color_psnr(picture)
    should_have_learned = epoch >= 1 and baseline < UNIFORM
    trained = evaluation.psnr if evaluation.psnr_trained is None else evaluation.psnr_trained
    if should_have_learned and trained <= baseline + MARGIN:
        is_saturated = saturation >= MANY
        found.append(_nothing_learned(evaluation, picture, recipe, baseline, course, is_saturated=is_saturated))
    if saturation >= MANY:
        changes = (
            suggestions.linear_output(),
            suggestions.lower_rate(recipe),
            *suggestions.other_initialization(recipe),
        )
        found.append(
            f"{saturation:.0%} of the outputs are saturated: the sigmoid is within {NEAR:g} of 0 or 1 where the "
            f"picture is not, so that hardly any gradient passes through it. {suggestions.as_text(*changes)}"
        )
    held_out, held_out_baseline = evaluation.psnr_held_out, evaluation.mean_color_psnr_held_out
    if (
        should_have_learned
        and held_out is not None
        and held_out_baseline is not None
        and held_out < held_out_baseline
        and trained > baseline + MARGIN
    ):
        found.append(
            f"Held-out pixels are worse ({held_out:.2f} dB) than the mean-color baseline ({held_out_baseline:.2f} dB), "
            f"those trained on are better ({trained:.2f} dB): the network memorizes the pixels it was trained on, and "
            f"its outputs between them are noise. {suggestions.as_text(*suggestions.smoother(recipe))}"
        )
    return found


def _nothing_learned(
    evaluation: PictureMetrics,
    picture: NDArray[np.float64],
    recipe: Recipe,
    baseline: float,
    course: Callable[[], Course],
    *,
    is_saturated: bool,
) -> str:
    result = f"The painting ({evaluation.psnr:.2f} dB) is no better than the mean-color baseline ({baseline:.2f} dB)"
    if is_saturated:
        # The finding about saturation, which follows, gives the reason.
        return f"{result}."
    change, mean_color_mse = course(), float(picture.var(axis=(0, 1)).mean())
    if change.moved < NEGLIGIBLE_CHANGE:
        return (
            f"{result}: updates were negligible, the whole run changed the weights by {change.moved:.0e} of their "
            f"norm. {suggestions.as_text(suggestions.higher_rate(recipe))}"
        )
    if evaluation.mse > FAR * mean_color_mse:
        first, last = (
            f"{mse / mean_color_mse:.3g}x" if math.isfinite(mse) else "many times"
            for mse in (change.first_mse, change.last_mse)
        )
        if change.last_mse < FALLING * change.first_mse:
            return (
                f"{result}: MSE fell from {first} to {last} the mean-color baseline, and was still falling. Increase "
                f"the budget. {suggestions.as_text(suggestions.higher_rate(recipe))}"
            )
        return (
            f"{result}: MSE is still {last} the mean-color baseline. "
            f"{suggestions.as_text(suggestions.lower_rate(recipe))}"
        )
    varies = float(np.sqrt(evaluation.painting.var(axis=(0, 1)).mean() / mean_color_mse))
    return (
        f"{result}: the network has not learned any of the picture's shapes yet; the standard deviation of its outputs "
        f"is {varies:.1g}x the picture's. {suggestions.as_text(*suggestions.beyond_mean_color(recipe))}"
    )
