"""Losses of a sample as functions of its errors (output - target)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from sfumato.recipe import choices

Elementwise = Callable[[Any, Tensor], Tensor]
"""Implementation of a loss, elementwise: (choice, errors) -> losses, whose sum over channels is a sample's loss."""


def mse(choice: choices.MSE, errors: Tensor) -> Tensor:
    """Return half the squared error."""
    return 0.5 * errors * errors


def l1(choice: choices.L1, errors: Tensor) -> Tensor:
    """Return the absolute error."""
    return errors.abs()


def huber(choice: choices.Huber, errors: Tensor) -> Tensor:
    """Return e^2 / 2 up to delta and delta (|e| - delta / 2) beyond it, with a continuous derivative (Huber 1964)."""
    return torch.nn.functional.huber_loss(errors, torch.zeros_like(errors), reduction="none", delta=choice.delta)


def per_sample(choice: choices.Loss, errors: Tensor) -> Tensor:
    """Return (N,) losses for (N, C) errors."""
    elementwise: Elementwise = choice.implementation()
    return elementwise(choice, errors).sum(dim=1)
