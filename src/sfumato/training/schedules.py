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


def factor(choice: choices.Schedule, progress: float) -> float:
    """Return the factor at ``progress``, 0 to 1: it rises from 0 during the warm-up, then follows the curve."""
    if progress < choice.warmup:
        return progress / choice.warmup
    after = (progress - choice.warmup) / (1.0 - choice.warmup)
    curve: Curve = choice.implementation()
    return curve(choice, min(max(after, 0.0), 1.0))
