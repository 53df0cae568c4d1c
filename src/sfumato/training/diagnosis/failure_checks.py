"""Failure checks: each looks for one reason why a trial learned nothing.

A network that beat the mean-color baseline in its trial passes all of them, whatever its statistics are: what is only
unusual must not raise a false alarm.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from sfumato.recipe import Recipe
from sfumato.training.diagnosis import findings
from sfumato.training.diagnosis.findings import Finding
from sfumato.training.diagnosis.trial import Trial
from sfumato.training.divergence import NEGLIGIBLE_CHANGE
from sfumato.training.health.layers import Layer

FailureCheck = Callable[[Trial, Recipe], Finding | None]

MAX_SATURATED = 0.5
"""Fraction of saturated outputs from which on they are a failure."""

FAR = 2.0
"""Relative MSE from which on the outputs have nothing to do with the picture."""

GROWN = 10.0
"""Ratio of the last MSE to the first: a threefold MSE also occurs for a moment in trainings that work."""

FEW_STEPS = 20
"""Number of steps within which the MSE may grow for a moment."""

HUGE = 100.0
"""Relative MSE before the first step from which on the initial weights are too large for any picture."""

OUTSIDE = 10.0
"""Distance of an output from the range 0 to 1."""

ROUNDING = {"float32": 1e-6, "float64": 1e-14}
"""Relative differences that are lost in rounding, by dtype."""

LOST_GRADIENT = 1e-10
"""Fraction of the output layer's gradient below which a hidden layer does not learn in any number of steps."""

RECOVERED = 1e-4
"""Fraction of the output layer's gradient above which a hidden layer's gradient has recovered."""


def not_finite(trial: Trial, recipe: Recipe) -> Finding | None:
    """Look for outputs that are not finite."""
    if trial.finite:
        return None
    if not math.isfinite(trial.before.mse):
        return _error(
            "The network's outputs are not finite before the first step.",
            _change_of_initialization(recipe, "large"),
        )
    return _error(
        f"Training diverges: within {trial.steps:,} steps the network's outputs are no longer finite.",
        f"The learning rate is too large for these weights. {findings.as_text(findings.lower_rate(recipe))}",
    )


def saturated_output(trial: Trial, recipe: Recipe) -> Finding | None:
    """Look for a saturated sigmoid at the output."""
    output, fraction, last = trial.after.output, trial.after.saturated_output, trial.after.layers[-1]
    if last.saturated is None or fraction < MAX_SATURATED or trial.falls:
        return None
    ends = "0" if output.high < 0.5 else "1" if output.low > 0.5 else "0 or 1"
    passed = last.gradient_norm / max(trial.before.layers[-1].gradient_norm, 1e-300)
    text = (
        f"The outputs saturate: after {trial.steps:,} steps {fraction:.0%} of them are stuck at {ends} where the "
        f"picture is not, and {_fraction(passed)} of the initial gradient passes back through the sigmoid. The "
        f"painting will not change any more; its MSE is {trial.relative_mse:.2g}x the mean-color baseline."
    )
    smaller = findings.as_text(findings.linear_output(), findings.lower_rate(recipe))
    note = recipe.training.optimizer.growth_note()
    change = f"{note} {smaller} The experiment of 2012 learned with {findings.blog_2012()}." if note else smaller
    return _error(text, change)


def dead_layer(trial: Trial, recipe: Recipe) -> Finding | None:
    """Look for a hidden layer whose units are all dead."""
    for layer, initial in _hidden(trial):
        if layer.dead == 1.0 and not trial.falls:
            dead_initially = initial.dead == 1.0
            since = "from the start" if dead_initially else f"after {trial.steps:,} steps"
            return _error(
                f"All {layer.units} units of {layer.name} are dead {since}: no gradient passes through them at any "
                "pixel, so that no layer below them learns and the painting stays a single color.",
                findings.as_text(
                    *findings.activation_flags(recipe),
                    *(findings.other_initialization(recipe) if dead_initially else [findings.lower_rate(recipe)]),
                ),
            )
    return None


def far_off(trial: Trial, recipe: Recipe) -> Finding | None:
    """Look for an MSE far above the mean-color baseline that has grown, or will not fall to it within the budget."""
    output, picture = trial.after.output, trial.after.picture
    if trial.relative_mse < FAR or min(trial.last_mses) < FAR * trial.after.mean_color_mse:
        return None
    ranges = (
        f"The outputs range from {output.low:.3g} to {output.high:.3g}, the picture from {picture.low:.2g} to "
        f"{picture.high:.2g}"
    )
    if trial.relative_mse > GROWN * trial.initial_relative_mse and trial.steps > FEW_STEPS:
        return _error(
            f"MSE grew from {trial.initial_relative_mse:.3g}x to {trial.relative_mse:.3g}x the mean-color baseline in "
            f"{trial.steps:,} steps. {ranges}.",
            f"The learning rate is too large. {findings.as_text(findings.lower_rate(recipe))}",
        )
    outside = max(-output.low, output.high - 1) > OUTSIDE
    huge = trial.initial_relative_mse > HUGE
    if outside and huge and _steps_to_baseline(trial) > (trial.planned_steps or math.inf):
        return _error(
            f"{ranges}; after {trial.steps:,} steps the MSE is still {trial.relative_mse:.3g}x the mean-color baseline "
            "and will not fall to it within the budget.",
            _change_of_initialization(recipe, "large"),
        )
    return None


def vanished_signal(trial: Trial, recipe: Recipe) -> Finding | None:
    """Look for a layer whose outputs are the same at all pixels but for rounding."""
    limit = ROUNDING[recipe.dtype if recipe.dtype in ROUNDING else "float32"]
    for layer, initial in _hidden(trial):
        size = math.hypot(layer.activation_mean, layer.activation_spread)
        if layer.variation <= limit * size and layer.variation <= 10 * initial.variation and not _recovers(trial):
            return _error(
                f"The signal vanishes in the forward pass: the outputs of {layer.name} vary from pixel to pixel by "
                f"{layer.variation / size if size else 0:.0e} of their root mean square, which is lost in rounding. "
                "The painting will be a single color.",
                _change_of_initialization(recipe, "small"),
            )
    return None


def vanished_gradient(trial: Trial, recipe: Recipe) -> Finding | None:
    """Look for a hidden layer that receives no gradient."""
    output_gradient = trial.after.layers[-1].gradient_norm
    for layer, _ in _hidden(trial):
        ratio = layer.gradient_norm / output_gradient if output_gradient else 0.0
        if ratio < LOST_GRADIENT and not _recovers(trial):
            return _error(
                f"The gradient vanishes in the backward pass: {layer.name} receives {ratio:.0e} of the output layer's "
                "gradient, so that only the output biases learn. The painting will be a single color.",
                _change_of_initialization(recipe, "small"),
            )
    return None


def negligible_updates(trial: Trial, recipe: Recipe) -> Finding | None:
    """Look for updates so small that the budget does not suffice."""
    times, moved = trial.budget_ratio, max(trial.moved)
    change = moved * times if math.isfinite(times) else 0.0 if moved == 0 else math.inf
    decrease = trial.initial_relative_mse - trial.relative_mse
    expected_decrease = decrease * times if math.isfinite(times) and decrease > 0 else 0.0
    if change >= NEGLIGIBLE_CHANGE or trial.initial_relative_mse - expected_decrease < 1:
        return None
    return _error(
        f"Updates are negligible: a step changes the weights by {max(trial.updates):.0e} of their norm (1e-3 is "
        f"usual), the whole budget by {change:.0e}. The painting will stay as it is before the first step.",
        f"The learning rate is too small. {findings.as_text(findings.higher_rate(recipe))}",
    )


FAILURE_CHECKS: tuple[FailureCheck, ...] = (
    not_finite,
    saturated_output,
    dead_layer,
    far_off,
    vanished_signal,
    vanished_gradient,
    negligible_updates,
)
"""All checks, in the order in which they are made: a cause comes before its consequences."""


def _hidden(trial: Trial) -> Iterator[tuple[Layer, Layer]]:
    """Return each hidden layer after the trial, and before it."""
    return zip(trial.after.layers[:-1], trial.before.layers[:-1], strict=True)


def _steps_to_baseline(trial: Trial) -> float:
    """Extrapolate the steps until the MSE is that of the mean-color baseline, by the power law of the last half."""
    half = max(len(trial.mses) // 2, 1)
    # A constant factor per doubling of the steps, as learning slows down over time.
    factor = trial.mses[half - 1] / trial.last_mses[-1]
    if factor <= 1:
        return math.inf
    return trial.steps * 2.0 ** min(math.log(trial.relative_mse) / math.log(factor), 1000.0)


def _recovers(trial: Trial) -> bool:
    """Tell whether a layer without an initial gradient receives one at the end, as happens with Adam's updates."""
    output, initial_output = trial.after.layers[-1].gradient_norm, trial.before.layers[-1].gradient_norm
    return any(
        initial.gradient_norm < LOST_GRADIENT * initial_output and layer.gradient_norm > RECOVERED * output
        for layer, initial in _hidden(trial)
    )


def _change_of_initialization(recipe: Recipe, size: str) -> str:
    """Return what is wrong with the initial weights, unless they suit the activation, and what to change."""
    suits = findings.is_fixed(recipe) or findings.has_good_initialization(recipe)
    cause = "" if suits else f"The initial weights are too {size}. "
    return f"{cause}{findings.as_text(*findings.other_initialization(recipe))}".rstrip()


def _error(text: str, change: str) -> Finding:
    return Finding("error", text, change)


def _fraction(value: float) -> str:
    return "none" if value == 0 else f"{value:.0e}" if value < 0.001 else f"{value:.1%}"
