"""The loss of one sample, from its errors (output - target)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from sfumato.recipe import choices

Elementwise = Callable[[Any, Tensor], Tensor]
"""(choice, errors) -> losses, elementwise; a sample's loss is their sum over its channels."""


def _squared(choice: choices.Squared, errors: Tensor) -> Tensor:
    return 0.5 * errors * errors


def _absolute(choice: choices.Absolute, errors: Tensor) -> Tensor:
    return errors.abs()


def _huber(choice: choices.Huber, errors: Tensor) -> Tensor:
    # Huber 1964: e^2 / 2 up to delta, then delta (|e| - delta / 2): the slope goes on.
    return torch.nn.functional.huber_loss(errors, torch.zeros_like(errors), reduction="none", delta=choice.delta)


IMPLEMENTATIONS: dict[type[choices.Loss], Elementwise] = {
    choices.Squared: _squared,
    choices.Absolute: _absolute,
    choices.Huber: _huber,
}
"""Every loss by its choice."""


def per_sample(choice: choices.Loss, errors: Tensor) -> Tensor:
    """(N, C) errors -> (N,) losses."""
    return IMPLEMENTATIONS[type(choice)](choice, errors).sum(dim=1)
