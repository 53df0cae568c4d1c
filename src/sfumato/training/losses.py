"""Losses of a sample as functions of its errors (output - target): elementwise, then summed over the channels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sfumato.recipe import choices


@dataclass(frozen=True)
class Implementation:
    """Implementation of a loss. Its parameters p, q, ... are the fields of its choice, in their order."""

    tensor: Callable[..., Tensor]
    """(errors, p, q, ...) -> losses elementwise, differentiable by autograd."""
    value: Callable[..., float] | None = None
    """(error, p, q, ...) -> loss for one number, in arithmetic that Numba compiles; None if it is not compiled."""
    derivative: Callable[..., float] | None = None
    """(error, p, q, ...) -> derivative of the loss by the error, in arithmetic that Numba compiles; NaN for a NaN."""


def per_sample(choice: choices.Loss, errors: Tensor) -> Tensor:
    """Return (N,) losses for (N, C) errors."""
    implementation: Implementation = choice.implementation()
    return implementation.tensor(errors, *choice.parameters).sum(dim=1)


def _half_square(error: float) -> float:
    return 0.5 * error * error


def _identity(error: float) -> float:
    return error


def _size(error: float) -> float:
    return abs(error)


def _sign(error: float) -> float:
    return np.sign(error)


def _huber(error: float, delta: float) -> float:
    size = abs(error)
    return 0.5 * error * error if size <= delta else delta * (size - 0.5 * delta)


def _huber_derivative(error: float, delta: float) -> float:
    return error if abs(error) <= delta else delta * np.sign(error)


def _huber_tensor(errors: Tensor, delta: float) -> Tensor:
    return torch.nn.functional.huber_loss(errors, torch.zeros_like(errors), reduction="none", delta=delta)


mse = Implementation(lambda errors: 0.5 * errors * errors, _half_square, _identity)
"""Half the squared error."""
l1 = Implementation(torch.abs, _size, _sign)
"""The absolute error."""
huber = Implementation(_huber_tensor, _huber, _huber_derivative)
"""e^2 / 2 up to delta and delta (|e| - delta / 2) beyond it, with a continuous derivative (Huber 1964)."""
