"""e^2 / 2 up to delta and delta (|e| - delta / 2) beyond it, with a continuous derivative (Huber 1964)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from sfumato.training.losses.loss import Implementation


def tensor(errors: Tensor, delta: float) -> Tensor:
    """Return Huber's loss elementwise."""
    return torch.nn.functional.huber_loss(errors, torch.zeros_like(errors), reduction="none", delta=delta)


def value(error: float, delta: float) -> float:
    """Return Huber's loss of one error."""
    size = abs(error)
    return 0.5 * error * error if size <= delta else delta * (size - 0.5 * delta)


def derivative(error: float, delta: float) -> float:
    """Return the error, clipped to [-delta, delta]."""
    return error if abs(error) <= delta else delta * np.sign(error)


IMPLEMENTATION = Implementation(tensor, value, derivative)
