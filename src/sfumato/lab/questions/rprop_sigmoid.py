"""The first reader's experiment: whether a sigmoid output saturates, when, and the smallest change that prevents it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sfumato.lab.arms import Picture, channels_of, facts
from sfumato.lab.plan import Arm, Plan, checked
from sfumato.lab.questions.ablation import arm_of
from sfumato.recipe import Recipe

QUESTION = "Does the commenter's network saturate, and what rescues it?"

HELP = "full-batch Rprop and a sigmoid output, with 300 and 30 units: when it saturates, which changes make it learn"

NAME = PRESET = "rprop-sigmoid"

# A full-batch step on more pixels takes seconds, and there are 120 trainings.
DEFAULTS: dict[str, Any] = {"picture": {"max_side": 64}, "budget": {"epochs": 30}}

WIDTHS = (300, 30)

SETS = ("model.width",)
"""Fields that its arms set themselves."""

CHANGES: tuple[str, ...] = (
    "model.output_activation=linear",
    "model.activation=leaky_relu(0.01)",
    "model.init=gaussian(0.3)",
    "model.init=he",
    "coordinates.range=signed",
    "training.optimizer=rprop(lr=0.1, largest=1)",
    "training.optimizer=rprop(lr=0.1, largest=0.1)",
    "training.optimizer=rprop(lr=0.03, largest=50)",
    "training.optimizer=rprop(lr=0.01, largest=50)",
    "training.optimizer=rprop(lr=0.003, largest=50)",
    "training.optimizer=rprop(lr=0.001, largest=50)",
)
"""Changes of one field each; values of a number in order of their distance from the recipe's."""


def plan(recipe: Recipe, pictures: Sequence[Picture], *, seeds: tuple[int, ...]) -> Plan:
    """Return the plan: the network with 300 and with 30 units, each with one field changed. Raises RecipeError."""
    arms: list[Arm] = []
    channels = channels_of(pictures)
    comparisons: list[tuple[str, str]] = []
    for width in WIDTHS:
        base = arm_of(recipe, str(width), {"model": {"width": width}}, channels, title=f"{width} units")
        arms.append(base)
        for text in CHANGES:
            changes = _of_one_field(text)
            title = f"{text} ({width} units)"
            each = arm_of(base.recipe, f"{width} {text}", changes, channels, title=title, instead="the set-up")
            arms.append(each)
            comparisons.append((each.name, base.name))
    return checked(
        Plan(
            name=NAME,
            question=QUESTION,
            pictures=facts(pictures),
            arms=tuple(arms),
            comparisons=tuple(comparisons),
            seeds=seeds,
            tuning=None,
        )
    )


def _of_one_field(text: str) -> dict[str, Any]:
    field, _, value = text.partition("=")
    section, name = field.split(".")
    return {section: {name: value}}
