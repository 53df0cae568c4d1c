"""Half the squared error, e^2 / 2."""

from __future__ import annotations

from torch import Tensor

from sfumato.training.losses.loss import Implementation


def tensor(errors: Tensor) -> Tensor:
    """Return e^2 / 2 elementwise."""
    return 0.5 * errors * errors


def value(error: float) -> float:
    """Return e^2 / 2."""
    return 0.5 * error * error


def derivative(error: float) -> float:
    """Return e."""
    return error


IMPLEMENTATION = Implementation(tensor, value, derivative)
