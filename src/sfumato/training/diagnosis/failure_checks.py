"""Why a training error: each looks for one reason in a trial that learned nothing.

A network that became better than one flat color in its trial has none of them, whatever its figures: so that what is
only unusual raises no false alarm.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from sfumato.recipe import Recipe, choices
from sfumato.training.diagnosis import suggestions
from sfumato.training.diagnosis.finding import Finding
from sfumato.training.diagnosis.trial import Trial
from sfumato.training.health.layers import Layer
from sfumato.training.movement import STILL

Ill = Callable[[Trial, Recipe], Finding | None]

MOST_SATURATED = 0.5
"""Of the outputs."""

FAR = 2.0
"""Errors of so many times those of a flat color: the answers have nothing to do with the picture."""

GROWN = 10.0
"""Times the errors before the first step: three times as high they rise for a moment in trainings that work."""

FEW_STEPS = 20
"""After no more than these errors may be on such a rise."""

HUGE = 100.0
"""Times the errors of a flat color, before the first step: no picture's answers are that far off by accident."""

OUTSIDE = 10.0
"""Beyond 0 to 1."""

ROUNDING = {"float32": 1e-6, "float64": 1e-14}
"""Relative differences that are lost in a number's last digits."""

LOST_GRADIENT = 1e-10
"""Of the output's gradient: below this, hidden layers do not learn from it in any number of steps."""

RECOVERED = 1e-4
"""Of the output's gradient."""


def not_finite(trial: Trial, recipe: Recipe) -> Finding | None:
    """Answers that are no numbers any more."""
    if trial.finite:
        return None
    if not math.isfinite(trial.before.mse):
        return _ill(
            "The network answers with numbers that are not finite before the first step.",
            _start(recipe, "large"),
        )
    return _ill(
        f"Training diverges: within {trial.steps:,} steps the answers are not finite any more.",
        f"The learning rate is too large for these weights. {suggestions.as_text(suggestions.slower(recipe))}",
    )


def saturated_output(trial: Trial, recipe: Recipe) -> Finding | None:
    """A sigmoid at its ends."""
    output, share, last = trial.after.output, trial.after.saturated_output, trial.after.layers[-1]
    if last.saturated is None or share < MOST_SATURATED or trial.falls:
        return None
    ends = "0" if output.high < 0.5 else "1" if output.low > 0.5 else "0 or 1"
    back = last.gradient_norm / max(trial.before.layers[-1].gradient_norm, 1e-300)
    text = (
        f"The outputs saturate: after {trial.steps:,} steps {share:.0%} of them are stuck at {ends}, where the picture "
        f"is not, and {_share(back)} of the first gradient comes back through the sigmoid. The painting will stay as "
        f"it is, with {trial.error:.2g} times the errors of one flat color."
    )
    smaller = suggestions.as_text(suggestions.linear_output(), suggestions.slower(recipe))
    note = recipe.training.optimizer.growth_note()
    change = f"{note} {smaller} What learned in 2012 was {suggestions.of_2012()}." if note else smaller
    return _ill(text, change)


def dead_layer(trial: Trial, recipe: Recipe) -> Finding | None:
    """A hidden layer through which nothing passes."""
    for layer, first in _hidden(trial):
        if layer.dead == 1.0 and not trial.falls:
            since = "from the start" if first.dead == 1.0 else "soon"
            return _ill(
                f"All {layer.units} units of {layer.name} are dead {since}: "
                "no gradient passes them at any pixel, so nothing below them learns and the painting stays one flat "
                "color.",
                suggestions.as_text(
                    suggestions.flag("model.activation", choices.LeakyReLU()),
                    *(suggestions.other_start(recipe) if first.dead == 1.0 else [suggestions.slower(recipe)]),
                ),
            )
    return None


def far_off(trial: Trial, recipe: Recipe) -> Finding | None:
    """Errors far above those of a flat color that have grown, or will not come down in time."""
    last = trial.last_errors
    if trial.error < FAR or min(last) < FAR * trial.after.mean_color_mse:
        return None
    lie = f"from {trial.after.output.low:.3g} to {trial.after.output.high:.3g}"
    if trial.error > GROWN * trial.first_error and trial.steps > FEW_STEPS:
        return _ill(
            f"Errors grow: from {trial.first_error:.3g} to {trial.error:.3g} times those of one flat color in "
            f"{trial.steps:,} steps, with answers {lie} for a picture from {trial.after.picture.low:.2g} to "
            f"{trial.after.picture.high:.2g}.",
            f"The learning rate is too large. {suggestions.as_text(suggestions.slower(recipe))}",
        )
    outside = max(-trial.after.output.low, trial.after.output.high - 1) > OUTSIDE
    if outside and trial.first_error > HUGE and _steps_down(trial) > (trial.planned_steps or math.inf):
        return _ill(
            f"The answers lie {lie}, where the picture lies from {trial.after.picture.low:.2g} to "
            f"{trial.after.picture.high:.2g}; after {trial.steps:,} steps errors are still {trial.error:.3g} times "
            "those of one flat color, and will not come down within the budget.",
            _start(recipe, "large"),
        )
    return None


def lost_places(trial: Trial, recipe: Recipe) -> Finding | None:
    """Answers of a layer that are the same at all places but for rounding."""
    limit = ROUNDING[recipe.dtype if recipe.dtype in ROUNDING else "float32"]
    for layer, first in _hidden(trial):
        size = math.hypot(layer.activation_mean, layer.activation_spread)
        if layer.variation <= limit * size and layer.variation <= 10 * first.variation and not _recovers(trial):
            return _ill(
                f"The signal dies on its way: the answers of {layer.name} differ by "
                f"{layer.variation / size if size else 0:.0e} of their size from place to place, which is lost in "
                "rounding. The painting will be one flat color.",
                _start(recipe, "small"),
            )
    return None


def vanished_gradient(trial: Trial, recipe: Recipe) -> Finding | None:
    """Nothing comes back to a hidden layer."""
    top = trial.after.layers[-1].gradient_norm
    for layer, _ in _hidden(trial):
        part = layer.gradient_norm / top if top else 0.0
        if part < LOST_GRADIENT and not _recovers(trial):
            return _ill(
                f"The gradient vanishes on its way back: {layer.name} gets {part:.0e} of what the output "
                "layer gets, so that only the output's biases learn. The painting will be one flat color.",
                _start(recipe, "small"),
            )
    return None


def negligible_updates(trial: Trial, recipe: Recipe) -> Finding | None:
    """Updates so small that the budget does not suffice."""
    times = trial.times_planned
    whole = max(trial.moved) * times if math.isfinite(times) else 0.0 if max(trial.moved) == 0 else math.inf
    down = trial.first_error - trial.error
    reached = trial.first_error - (down * times if math.isfinite(times) and down > 0 else 0.0)
    if whole >= STILL or reached < 1:
        return None
    return _ill(
        f"The weights stand still: a step changes them by {max(trial.updates):.0e} of their size (1e-3 is usual), "
        f"the whole budget by {whole:.0e}. The painting will stay what it is before the first step.",
        f"The learning rate is too small. {suggestions.as_text(suggestions.faster(recipe))}",
    )


ILLS: tuple[Ill, ...] = (
    not_finite,
    saturated_output,
    dead_layer,
    far_off,
    lost_places,
    vanished_gradient,
    negligible_updates,
)
"""In the order in which they are looked for: a cause before what follows from it."""


def _hidden(trial: Trial) -> Iterator[tuple[Layer, Layer]]:
    """Each hidden layer after the trial, and before it."""
    return zip(trial.after.layers[:-1], trial.before.layers[:-1], strict=True)


def _steps_down(trial: Trial) -> float:
    """Steps until errors are those of a flat color, if they fall with a power of the steps as in the last half."""
    half = max(len(trial.errors) // 2, 1)
    # A factor each time that the steps double: learning slows down as it goes on.
    factor = trial.errors[half - 1] / trial.last_errors[-1]
    return trial.steps * 2.0 ** min(math.log(trial.error) / math.log(factor), 1000.0) if factor > 1 else math.inf


def _recovers(trial: Trial) -> bool:
    """Whether a layer that nothing came back to at first gets its part at last, as by Adam's updates."""
    top, first_top = trial.after.layers[-1].gradient_norm, trial.before.layers[-1].gradient_norm
    return any(
        first.gradient_norm < LOST_GRADIENT * first_top and layer.gradient_norm > RECOVERED * top
        for layer, first in _hidden(trial)
    )


def _start(recipe: Recipe, size: str) -> str:
    """What is wrong with the initial weights; or, where they suit the activation, only what to change."""
    suited = recipe.model.module is not None or suggestions.has_good_initialization(recipe)
    cause = "" if suited else f"The initial weights are too {size}. "
    return f"{cause}{suggestions.as_text(*suggestions.other_start(recipe))}".rstrip()


def _ill(text: str, change: str) -> Finding:
    return Finding("error", text, change)


def _share(part: float) -> str:
    return "nothing" if part == 0 else f"{part:.0e}" if part < 0.001 else f"{part:.1%}"
