"""What else is to be said of a trial: how it went, and what slows a training down that can work."""

from __future__ import annotations

import math

from sfumato import images
from sfumato.recipe import Recipe, choices
from sfumato.training.diagnosis import suggestions
from sfumato.training.diagnosis.finding import Finding
from sfumato.training.diagnosis.trial import Trial
from sfumato.training.health.painting import UNIFORM
from sfumato.training.movement import STILL

MANY = 0.5
"""Of a layer's units dead, or of their answers saturated."""

LONG = 20.0
"""A budget of so many trials is long enough for a start that is slow."""

FAR = 2.0
"""Errors of so many times those of a flat color are no start any more."""

GROWN = 1e3
"""Of the output's gradient: a hidden layer that gets more than this times it."""

VANISHING = 1e-4
"""Of the output's gradient: a hidden layer that gets less than this part of it."""

HARDLY = 1e-2
"""Of what the picture varies, the answers."""

LARGE_UPDATE = 0.1
"""Of the weights, in one step; about 1e-3 is usual."""


def uniform(trial: Trial) -> bool:
    """Whether the picture has one color."""
    return images.psnr(trial.after.mean_color_mse) >= UNIFORM


def nothing_to_learn(trial: Trial) -> Finding:
    """Of a picture of one color."""
    return Finding(
        "warning",
        f"The picture is one color (standard deviation {trial.after.picture.spread:.1g}): there is nothing to learn "
        "but that, and no network or rate is better than another.",
        f"Take another picture ({suggestions.flag('picture.source', 'cat')}).",
    )


def course(trial: Trial, recipe: Recipe) -> Finding:
    """How the trial went, of one in which nothing stands in the way."""
    where = f"in {trial.steps:,} steps on {trial.pixels:,} pixels"
    if trial.learned:
        return Finding(
            "fine",
            f"It learns: {where} errors came from {trial.first_error:.3g} to {trial.error:.2g} times those of one flat "
            "color, the picture's mean.",
        )
    times = trial.times_planned
    rest = "" if math.isinf(times) else f"; the budget is {times:,.3g} times as long"
    if trial.error <= 1.05:
        varies = trial.after.output.spread / trial.after.picture.spread
        text = (
            f"It starts slowly: {where} the network has come to the picture's mean color and not yet beyond it, "
            f"with answers that vary {varies:.1g} times as much as the picture{rest}."
        )
        if varies < HARDLY and trial.first_layer_moves < STILL:
            name = trial.after.layers[0].name
            text += (
                f" In all of it {name} will change by {trial.first_layer_moves:.0e} of its size: hardly any gradient "
                "comes back to it, hardly anything of where a pixel is comes through, and neither will soon."
            )
        elif times >= LONG:
            return Finding("fine", text)
        longer = "" if times >= LONG else "Give it longer. "
        return Finding("warning", text, f"{longer}{suggestions.as_text(*suggestions.better(recipe))}")
    if times >= LONG and trial.error < min(FAR, trial.first_error):
        return Finding(
            "fine",
            f"It starts slowly: {where} errors came from {trial.first_error:.3g} to {trial.error:.3g} times those of "
            f"one flat color, the picture's mean{rest}.",
        )
    return Finding(
        "warning",
        f"{where[0].upper()}{where[1:]} errors came from {trial.first_error:.3g} to {trial.error:.3g} times those of "
        f"one flat color, the picture's mean: worse than painting nothing{rest}.",
        _less_error(trial, recipe),
    )


def remarks(trial: Trial, recipe: Recipe) -> list[Finding]:
    """What slows it down."""
    found: list[Finding] = []
    unseen = trial.unseen
    if unseen is not None and unseen.memorizes:
        text = (
            f"It remembers pixels rather than shapes: on {unseen.rows} x {unseen.columns} of them errors came to "
            f"{unseen.shown:.2g} times those of one flat color where it was shown them, and to {unseen.held_out:.2g} "
            "times where they were held out."
        )
        found.append(Finding("warning", text, suggestions.as_text(*suggestions.smoother(recipe))))
    hidden, last = trial.after.layers[:-1], trial.after.layers[-1:]
    lower = suggestions.slower(recipe)
    if hidden and (worst := max(hidden, key=lambda each: each.dead)).dead >= MANY:
        text = f"{worst.dead:.0%} of the units of {worst.name} are dead after the trial: no gradient passes them."
        leaky = suggestions.flag("model.activation", choices.LeakyReLU())
        found.append(Finding("warning", text, suggestions.as_text(leaky, lower)))
    if hidden and ((worst := max(hidden, key=lambda each: each.saturated or 0.0)).saturated or 0.0) >= MANY:
        text = (
            f"{worst.saturated:.0%} of the answers of {worst.name} are saturated after the trial: hardly any gradient "
            "passes there."
        )
        init = [] if suggestions.has_good_initialization(recipe) else [suggestions.initialization(recipe)]
        found.append(Finding("warning", text, suggestions.as_text(*init, lower)))
    top = last[0].gradient_norm if last else 0.0
    largest = max((each.gradient_norm for each in hidden), default=0.0)
    if not trial.learned and largest > GROWN * top > 0:
        text = (
            f"The gradient grows {largest / top:.0e} times on its way back from the output: a step that suits one "
            "layer is too large for another."
        )
        found.append(Finding("warning", text, suggestions.as_text(lower)))
    least = min(hidden, key=lambda each: each.gradient_norm, default=None)
    if not trial.learned and least and least.gradient_norm < VANISHING * top and trial.times_planned < LONG:
        text = (
            f"The gradient vanishes on its way back: {least.name} gets {least.gradient_norm / top:.0e} of what the "
            "output layer gets."
        )
        found.append(Finding("warning", text, suggestions.as_text(*suggestions.better(recipe))))
    return found


def _less_error(trial: Trial, recipe: Recipe) -> str:
    if not recipe.model.biases:
        return "Without biases a network has no color of its own to start from: try --model.biases true."
    if max(trial.updates) > LARGE_UPDATE or trial.error > trial.first_error:
        return suggestions.as_text(suggestions.slower(recipe))
    if trial.error > 0.9 * trial.first_error:
        return suggestions.as_text(suggestions.faster(recipe))
    return (
        "Give it longer."
        if suggestions.has_good_initialization(recipe)
        else suggestions.as_text(suggestions.initialization(recipe))
    )
