"""What every activation provides: its value for tensors, and value and derivative for compiled loops."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

from sfumato.recipe import choices


@dataclass(frozen=True)
class Implementation:
    """One activation with at most one parameter p (0.0 where the activation has none)."""

    choice: type[choices.Activation]
    tensor: Callable[[Tensor, float], Tensor]
    """(x, p) -> y elementwise, differentiable by autograd."""
    value: Callable[[float, float], float]
    """(x, p) -> y for one number; plain arithmetic that Numba compiles."""
    derivative: Callable[[float, float, float], float]
    """(x, y, p) -> dy/dx for one number, y being value(x, p); plain arithmetic that Numba compiles."""


class Activate(nn.Module):
    """An activation as a module."""

    def __init__(self, implementation: Implementation, parameter: float) -> None:
        super().__init__()
        self.implementation = implementation
        self.parameter = parameter

    def forward(self, x: Tensor) -> Tensor:
        """Apply elementwise; any shape."""
        return self.implementation.tensor(x, self.parameter)

    def extra_repr(self) -> str:
        """The choice's name and parameter, for printing the model."""
        return f"{self.implementation.choice.name}, {self.parameter}"


def parameter_of(choice: choices.Activation) -> float:
    """The activation's one parameter, or 0.0."""
    fields = dataclasses.fields(choice)
    return float(getattr(choice, fields[0].name)) if fields else 0.0
