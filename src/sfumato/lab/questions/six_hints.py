"""The six pieces of advice of the author of 2012: each undone, and all together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sfumato.errors import RecipeError
from sfumato.lab.arms import Picture, facts
from sfumato.lab.plan import First, Plan, checked
from sfumato.lab.questions.ablation import ALL, BASE, arm_of
from sfumato.recipe import Recipe

QUESTION = "Which of the six pieces of advice of 2012 matter?"

HELP = "the 2012 set-up with each of its author's six pieces of advice undone, and all together"

PRESET = "blog-2012"

DEFAULTS: dict[str, Any] = {}

SETS: tuple[str, ...] = ()
"""Fields that its arms set themselves."""

SMALL_SIDE = 32
SHARE = 0.25
"""Fraction of all samples that train on the small picture."""

PART = 0.2
"""Fraction of the epochs for the arms on pairs of pixels, which cost ten times as much as single ones.

No engine trains single pixels with momentum.
"""

RATE = "rate 0.1 without momentum"

UNDONE: tuple[tuple[str, dict[str, Any], str, str], ...] = (
    ("relu", {"model": {"activation": "relu"}}, "leak 0.01", "pure max(0, x)"),
    ("init 0.03", {"model": {"init": "gaussian(0.03)"}}, "initial weights 0.3/sqrt(fan-in)", "0.03, too small"),
    ("init 1.4", {"model": {"init": "gaussian(1.4)"}}, "initial weights 0.3/sqrt(fan-in)", "1.4, larger"),
    ("init 3", {"model": {"init": "gaussian(3)"}}, "initial weights 0.3/sqrt(fan-in)", "3, too large"),
    ("rate 0.01", {"training": {"optimizer": "sgd(lr=0.01, fan_in_scaling=true)"}}, "rate 0.1", "rate 0.01"),
    ("rate 1", {"training": {"optimizer": "sgd(lr=1, fan_in_scaling=true)"}}, "rate 0.1", "rate 1"),
    ("sequential", {"training": {"sampler": "sequential"}}, "shuffled order", "scan order"),
    ("sigmoid", {"model": {"output_activation": "sigmoid"}}, "linear output", "sigmoid output"),
)
"""Tuples (arm, changes, the hint, its replacement)."""

TOGETHER: dict[str, Any] = {
    "model": {"activation": "relu", "init": "gaussian(0.03)", "output_activation": "sigmoid"},
    "training": {"optimizer": "sgd(lr=0.01, fan_in_scaling=true)", "sampler": "sequential"},
}


def plan(recipe: Recipe, pictures: Sequence[Picture], *, seeds: tuple[int, ...]) -> Plan:
    """Return the plan that compares each hint with its opposite; ``recipe``: that of 2012. Raises RecipeError."""
    height, width, channels = pictures[0].values.shape
    epochs = recipe.budget.epochs
    if epochs is None:
        raise RecipeError("budget.epochs must be given for six-hints, the same for all arms. Got none.")
    base = arm_of(recipe, BASE, {}, channels, title="the set-up of 2012")
    arms = [
        base,
        *(arm_of(recipe, name, changes, channels, title=title, instead=hint) for name, changes, hint, title in UNDONE),
    ]
    comparisons = [(BASE, each.name) for each in arms[1:]]
    pair = {"budget": {"epochs": PART * epochs}, "training": {"batch": 2}}
    fast = {**pair, "training": {"batch": 2, "optimizer": "sgd(lr=0.1, momentum=0.9, fan_in_scaling=true)"}}
    arms += [
        arm_of(recipe, "pairs", pair, channels, title="pairs of pixels"),
        arm_of(recipe, "momentum", fast, channels, title="momentum 0.9", instead=f"{RATE} (on pairs of pixels)"),
    ]
    comparisons.append(("pairs", "momentum"))
    if (side := small_side(height, width)) >= 4:
        hint = f"small picture first (longer side {side}, {SHARE:.0%} of the samples)"
        early = arm_of(recipe, "small first", {}, channels, title=hint, instead="the full picture from the start")
        arms.append(replace(early, first=First(side, SHARE)))
        comparisons.append(("small first", BASE))
    undone = "all undone: pure max(0, x), 0.03, rate 0.01, scan order, sigmoid, the full picture from the start"
    arms.append(arm_of(recipe, ALL, TOGETHER, channels, title=undone, instead="the advice together"))
    comparisons.append((BASE, ALL))
    return checked(
        Plan(
            name="six-hints",
            question=QUESTION,
            pictures=facts(pictures),
            arms=tuple(arms),
            comparisons=tuple(comparisons),
            seeds=seeds,
            tuning=None,
        )
    )


def small_side(height: int, width: int) -> int:
    """Return the longer side of the small picture: a tenth, at least 32 pixels, at most half."""
    longer = max(height, width)
    return max(round(longer / 10), min(longer // 2, SMALL_SIDE))
