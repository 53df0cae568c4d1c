"""Findings of a trial that is no failure: its progress, and what slows the training down."""

from __future__ import annotations

import math

from sfumato import images
from sfumato.recipe import Recipe
from sfumato.training.diagnosis import findings
from sfumato.training.diagnosis.findings import Finding
from sfumato.training.diagnosis.trial import Trial
from sfumato.training.divergence import NEGLIGIBLE_CHANGE
from sfumato.training.health.network_stats import UNIFORM

MANY = 0.5
"""Fraction of a layer's units that are dead, or of its outputs that are saturated, from which on a warning is given."""

LONG = 20.0
"""Ratio of the budget to the trial from which on a slow start is no problem."""

FAR = 2.0
"""Relative MSE from which on a trial is no slow start any more."""

EXPLODING = 1e3
"""Ratio of a hidden layer's gradient to the output layer's from which on the gradient explodes."""

VANISHING = 1e-4
"""Ratio of a hidden layer's gradient to the output layer's below which the gradient vanishes."""

HARDLY_VARIES = 1e-2
"""Ratio of the standard deviation of the outputs to that of the picture."""

LARGE_UPDATE = 0.1
"""Relative change of the weights in one step; about 1e-3 is usual."""


def is_uniform(trial: Trial) -> bool:
    """Tell whether the picture is a single color."""
    return images.psnr(trial.after.mean_color_mse) >= UNIFORM


def nothing_to_learn(trial: Trial) -> Finding:
    """Return the finding of a picture of a single color."""
    return Finding(
        "warning",
        f"The picture is a single color (standard deviation {trial.after.picture.spread:.1g}): there is nothing else "
        "to learn, so that no network and no learning rate is better than another.",
        f"Choose another picture ({findings.flag('picture.source', 'cat')}).",
    )


def progress(trial: Trial, recipe: Recipe) -> Finding:
    """Return the finding about the MSE of a trial that passed all failure checks."""
    extent = f"in {trial.steps:,} steps on {trial.pixels:,} pixels"
    initial, last = trial.initial_relative_mse, trial.relative_mse
    fell = "fell" if last <= initial else "rose"
    if trial.learned:
        text = f"The network learns: {extent}, MSE {fell} from {initial:.3g}x to {last:.2g}x the mean-color baseline."
        return Finding("ok", text)
    times = trial.budget_ratio
    budget = "" if math.isinf(times) else f"; the budget is {times:,.3g}x as long"
    if last <= 1.05:
        varies = trial.after.output.spread / trial.after.picture.spread
        text = (
            f"Learning starts slowly: {extent}, the network has reached the mean-color baseline and not yet beaten it; "
            f"the standard deviation of its outputs is {varies:.1g}x the picture's{budget}."
        )
        if varies < HARDLY_VARIES and trial.first_layer_moves < NEGLIGIBLE_CHANGE:
            name = trial.after.layers[0].name
            text += (
                f" The whole budget will change the weights of {name} by {trial.first_layer_moves:.0e} of their norm: "
                "hardly any gradient reaches them, the outputs hardly depend on the coordinates, and neither will "
                "change soon."
            )
        elif times >= LONG:
            return Finding("ok", text)
        longer = "" if times >= LONG else "Increase the budget. "
        return Finding("warning", text, f"{longer}{findings.as_text(*findings.beyond_mean_color(recipe))}")
    mse = f"MSE {fell} from {initial:.3g}x to {last:.3g}x the mean-color baseline"
    if times >= LONG and last < min(FAR, initial):
        return Finding("ok", f"Learning starts slowly: {extent}, {mse}{budget}.")
    return Finding(
        "warning",
        f"The network is worse than the mean-color baseline: {extent}, {mse}{budget}.",
        _how_to_reduce_error(trial, recipe),
    )


def all_warnings(trial: Trial, recipe: Recipe) -> list[Finding]:
    """Return a warning for each thing that slows the training down."""
    found: list[Finding] = []
    held_out = trial.held_out
    if held_out is not None and held_out.memorizes:
        text = (
            f"The network memorizes pixels instead of learning shapes: on a patch of {held_out.rows} x "
            f"{held_out.columns} pixels, MSE is {held_out.trained:.2g}x the mean-color baseline on the pixels trained "
            f"on and {held_out.held_out:.2g}x on the held-out pixels."
        )
        found.append(Finding("warning", text, findings.as_text(*findings.smoother(recipe))))
    hidden, output = trial.after.layers[:-1], trial.after.layers[-1:]
    lower = findings.lower_rate(recipe)
    if hidden and (worst := max(hidden, key=lambda each: each.dead)).dead >= MANY:
        text = (
            f"{worst.dead:.0%} of the units of {worst.name} are dead after the trial: no gradient passes through them."
        )
        found.append(Finding("warning", text, findings.as_text(*findings.activation_flags(recipe), lower)))
    if hidden and ((worst := max(hidden, key=lambda each: each.saturated or 0.0)).saturated or 0.0) >= MANY:
        text = (
            f"{worst.saturated:.0%} of the outputs of {worst.name} are saturated after the trial: hardly any gradient "
            "passes through them."
        )
        good = findings.is_determined(recipe) or findings.has_good_initialization(recipe)
        init = [] if good else [findings.initialization(recipe)]
        found.append(Finding("warning", text, findings.as_text(*init, lower)))
    output_gradient = output[0].gradient_norm if output else 0.0
    largest = max((each.gradient_norm for each in hidden), default=0.0)
    if not trial.learned and largest > EXPLODING * output_gradient > 0:
        text = (
            f"The gradient explodes in the backward pass: it grows by a factor of {largest / output_gradient:.0e} from "
            "the output layer down, so that a learning rate that suits one layer is too large for another."
        )
        found.append(Finding("warning", text, findings.as_text(lower)))
    least = min(hidden, key=lambda each: each.gradient_norm, default=None)
    vanishes = least is not None and least.gradient_norm < VANISHING * output_gradient
    if least is not None and vanishes and not trial.learned and trial.budget_ratio < LONG:
        text = (
            f"The gradient vanishes in the backward pass: {least.name} receives "
            f"{least.gradient_norm / output_gradient:.0e} of the output layer's gradient."
        )
        found.append(Finding("warning", text, findings.as_text(*findings.beyond_mean_color(recipe))))
    return found


def _how_to_reduce_error(trial: Trial, recipe: Recipe) -> str:
    if not recipe.model.biases:
        return "Without biases the network cannot shift its outputs to the mean color: try --model.biases true."
    if max(trial.updates) > LARGE_UPDATE or trial.relative_mse > trial.initial_relative_mse:
        return findings.as_text(findings.lower_rate(recipe))
    if trial.relative_mse > 0.9 * trial.initial_relative_mse:
        return findings.as_text(findings.higher_rate(recipe))
    return (
        "Increase the budget."
        if findings.has_good_initialization(recipe)
        else findings.as_text(findings.initialization(recipe))
    )
