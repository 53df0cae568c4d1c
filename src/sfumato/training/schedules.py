"""The factor of the learning rate, by the part of the budget that is spent."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from sfumato.recipe import choices

Curve = Callable[[Any, float], float]
"""(choice, x) -> factor, x from 0 (end of the warm-up) to 1 (end of the budget)."""


def _constant(choice: choices.Constant, x: float) -> float:
    return 1.0


def _linear(choice: choices.Linear, x: float) -> float:
    return 1.0 + (choice.end - 1.0) * x


def _cosine(choice: choices.Cosine, x: float) -> float:
    return choice.end + (1.0 - choice.end) * 0.5 * (1.0 + math.cos(math.pi * x))


IMPLEMENTATIONS: dict[type[choices.Schedule], Curve] = {
    choices.Constant: _constant,
    choices.Linear: _linear,
    choices.Cosine: _cosine,
}
"""Every schedule by its choice."""


def factor(choice: choices.Schedule, progress: float) -> float:
    """The factor at ``progress`` from 0 to 1: rising from 0 during the warm-up, then along the schedule's curve."""
    if progress < choice.warmup:
        return progress / choice.warmup
    after = (progress - choice.warmup) / (1.0 - choice.warmup)
    return IMPLEMENTATIONS[type(choice)](choice, min(max(after, 0.0), 1.0))
