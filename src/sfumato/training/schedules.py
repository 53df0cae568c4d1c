"""Learning-rate schedules: the factor of the learning rate as a function of the fraction of the budget spent."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from sfumato.recipe import choices

Curve = Callable[[Any, float], float]
"""Implementation of a schedule: (choice, x) -> factor, x from 0 (end of the warm-up) to 1 (end of the budget)."""


def constant(choice: choices.Constant, x: float) -> float:
    """Return f(x) = 1 throughout."""
    return 1.0


def linear(choice: choices.Linear, x: float) -> float:
    """Decay linearly from 1 to `end`: f(x) = 1 + (end - 1) * x."""
    return 1.0 + (choice.end - 1.0) * x


def cosine(choice: choices.Cosine, x: float) -> float:
    """Decay from 1 to `end` along a half cosine: f(x) = end + (1 - end) * (1 + cos(pi x)) / 2."""
    return choice.end + (1.0 - choice.end) * 0.5 * (1.0 + math.cos(math.pi * x))


def exponential(choice: choices.Exponential, x: float) -> float:
    """Decay from 1 to `end` by the same ratio in every step."""
    return choice.end**x


def factors(
    choice: choices.Schedule, steps: int, done_in_epoch: int, progress_at: Callable[[float], float]
) -> list[float]:
    """Return the factors of the next ``steps`` steps, all of one epoch.

    ``done_in_epoch``: the steps of this epoch so far. ``progress_at``: the fraction of the budget that is spent after
    a number of further steps, negative for earlier ones.
    """
    if choice.evaluation_point == "epoch":
        return [factor(choice, max(progress_at(-done_in_epoch), 0.0))] * steps
    # By default in the middle of a step, as it would be 0 at the start of a warm-up or the end of a decay.
    ahead = 0.0 if choice.evaluation_point == "start" else 0.5
    return [factor(choice, progress_at(number + ahead)) for number in range(steps)]


def factor(choice: choices.Schedule, progress: float) -> float:
    """Return the factor at ``progress``, 0 to 1: it rises from 0 during the warm-up, then follows the curve."""
    if progress < choice.warmup:
        return progress / choice.warmup
    after = (progress - choice.warmup) / (1.0 - choice.warmup)
    curve: Curve = choice.implementation()
    return curve(choice, min(max(after, 0.0), 1.0))
