"""What every activation provides: its value for tensors, and value and derivative for compiled loops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

from sfumato.recipe import choices


@dataclass(frozen=True)
class Implementation:
    """What implements an activation. Its parameters p, q, ... are the fields of its choice, in their order."""

    tensor: Callable[..., Tensor]
    """(x, p, q, ...) -> y elementwise, differentiable by autograd."""
    value: Callable[..., float] | None = None
    """(x, p, q, ...) -> y for one number; plain arithmetic that Numba compiles. None where there is no such form."""
    derivative: Callable[..., float] | None = None
    """(x, y, p, q, ...) -> dy/dx for one number, y being value(x, p, q, ...); plain arithmetic that Numba compiles."""


class Activate(nn.Module):
    """An activation as a module."""

    def __init__(self, choice: choices.Activation) -> None:
        super().__init__()
        self.choice = choice
        self._tensor: Callable[..., Tensor] = choice.implementation().tensor

    def forward(self, x: Tensor) -> Tensor:
        """Apply elementwise; any shape."""
        return self._tensor(x, *self.choice.parameters)

    def extra_repr(self) -> str:
        """The choice, for printing the model."""
        return str(self.choice)
