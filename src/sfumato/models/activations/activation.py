"""The interface of activations, and the elementary functions of which they are made.

Compiled loops over float32 use faster ones with the same names: `sfumato.training.kernels.elementary`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

from sfumato.recipe import choices


@dataclass(frozen=True)
class Implementation:
    """Implementation of an activation. Its parameters p, q, ... are the fields of its choice, in their order."""

    tensor: Callable[..., Tensor]
    """(x, p, q, ...) -> y elementwise, differentiable by autograd."""
    value: Callable[..., float] | None = None
    """(x, p, q, ...) -> y for one number, in arithmetic that Numba compiles; None if it is not compiled."""
    derivative: Callable[..., float] | None = None
    """(x, y, p, q, ...) -> dy/dx for one number, y being value(x, p, q, ...), in arithmetic that Numba compiles."""


class Activate(nn.Module):
    """Module that applies an activation."""

    def __init__(self, choice: choices.Activation) -> None:
        super().__init__()
        self.choice = choice
        self._tensor: Callable[..., Tensor] = choice.implementation().tensor

    def forward(self, x: Tensor) -> Tensor:
        """Apply the activation elementwise to a tensor of any shape."""
        return self._tensor(x, *self.choice.parameters)

    def extra_repr(self) -> str:
        """Return the choice as text, for printing the model."""
        return str(self.choice)


def exp(x: float) -> float:
    """Return e to the power of x."""
    return math.exp(x)


def expm1(x: float) -> float:
    """Return e to the power of x, minus 1, with all digits near 0."""
    return math.expm1(x)


def log1p(x: float) -> float:
    """Return the natural logarithm of 1 + x, with all digits near 0."""
    return math.log1p(x)


def erfc(x: float) -> float:
    """Return the complementary error function, 1 - erf(x), with all digits where it is small."""
    return math.erfc(x)


def sin(x: float) -> float:
    """Return the sine of x, in radians."""
    return math.sin(x)


def cos(x: float) -> float:
    """Return the cosine of x, in radians."""
    return math.cos(x)


def constant(number: float, like: float) -> float:
    """Return a number in the type of ``like``: in compiled loops, one of Python would make their arithmetic float64."""
    return number
