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
| a budget below one epoch, and a low PSNR | the share of the pixels that was seen | a smaller picture |

For a picture of a single color, nothing is reported about what was learned.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfumato.formatting import duration
from sfumato.recipe import Recipe
from sfumato.training.diagnosis import findings
from sfumato.training.divergence import NEGLIGIBLE_CHANGE
from sfumato.training.health.network_stats import MANY, NEAR, UNIFORM, mean_color_psnr, saturated
from sfumato.training.picture.evaluation import PictureMetrics

POOR = 22.0
"""PSNR in dB below which a painting visibly differs from the picture."""

MIN_SIDE = 32
"""Pixels of the longer side of the smallest picture that is suggested."""

MARGIN = 0.1
"""dB by which a painting must exceed the mean-color baseline to count as learned."""
FAR = 2.0
"""Relative MSE that is far above the mean-color baseline."""
FALLING = 0.98
"""Ratio of the last MSE to the first below which the MSE has fallen."""


def short_budget_findings(evaluation: PictureMetrics, epoch: float, seconds: float, size: tuple[int, int]) -> list[str]:
    """Return a sentence if the budget was too short for a picture of ``size`` (H, W); none if the painting is good.

    ``seconds``: the training time of ``epoch`` epochs.
    """
    if not 0 < epoch < 1 or not evaluation.psnr < POOR:
        return []
    side = max(size)
    # At this size the same budget would be three epochs.
    smaller = int(float(f"{side * math.sqrt(epoch / 3):.1g}"))
    alternative = f", or on a smaller picture (--picture.max-side {smaller})" if MIN_SIDE <= smaller < side else ""
    return [
        f"The budget ended after {_percent(epoch)} of an epoch, at {evaluation.psnr:.1f} dB: the other pixels were "
        f"never trained on. Train for a whole epoch (--budget.epochs 1, {duration(seconds / epoch)} at this rate)"
        f"{alternative}."
    ]


def _percent(fraction: float) -> str:
    return f"{fraction:.0%}" if fraction >= 0.01 else f"{100 * fraction:.1g}%"


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
        return [f"The network's outputs are not finite. {findings.as_text(findings.lower_rate(recipe))}"]
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
            findings.linear_output(),
            findings.lower_rate(recipe),
            *findings.other_initialization(recipe),
        )
        found.append(
            f"{saturation:.0%} of the outputs are saturated: the sigmoid is within {NEAR:g} of 0 or 1 where the "
            f"picture is not, so that hardly any gradient passes through it. {findings.as_text(*changes)}"
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
            f"its outputs between them are noise. {findings.as_text(*findings.smoother(recipe))}"
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
            f"norm. {findings.as_text(findings.higher_rate(recipe))}"
        )
    if evaluation.mse > FAR * mean_color_mse:
        first, last = (
            f"{mse / mean_color_mse:.3g}x" if math.isfinite(mse) else "many times"
            for mse in (change.first_mse, change.last_mse)
        )
        if change.last_mse < FALLING * change.first_mse:
            return (
                f"{result}: MSE fell from {first} to {last} the mean-color baseline, and was still falling. Increase "
                f"the budget. {findings.as_text(findings.higher_rate(recipe))}"
            )
        return f"{result}: MSE is still {last} the mean-color baseline. {findings.as_text(findings.lower_rate(recipe))}"
    varies = float(np.sqrt(evaluation.painting.var(axis=(0, 1)).mean() / mean_color_mse))
    return (
        f"{result}: the network has not learned any of the picture's shapes yet; the standard deviation of its outputs "
        f"is {varies:.1g}x the picture's. {findings.as_text(*findings.beyond_mean_color(recipe))}"
    )
