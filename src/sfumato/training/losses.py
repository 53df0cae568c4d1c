"""The loss of one sample, from its errors (output - target)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from sfumato.recipe import choices

Elementwise = Callable[[Any, Tensor], Tensor]
"""What implements a loss: (choice, errors) -> losses, elementwise; a sample's loss is their sum over its channels."""


def mse(choice: choices.MSE, errors: Tensor) -> Tensor:
    """Half the squared error."""
    return 0.5 * errors * errors


def l1(choice: choices.L1, errors: Tensor) -> Tensor:
    """The absolute error."""
    return errors.abs()


def huber(choice: choices.Huber, errors: Tensor) -> Tensor:
    """Huber 1964: e^2 / 2 up to delta, then delta (|e| - delta / 2), so that the derivative is continuous."""
    return torch.nn.functional.huber_loss(errors, torch.zeros_like(errors), reduction="none", delta=choice.delta)


def per_sample(choice: choices.Loss, errors: Tensor) -> Tensor:
    """(N, C) errors -> (N,) losses."""
    elementwise: Elementwise = choice.implementation()
    return elementwise(choice, errors).sum(dim=1)
