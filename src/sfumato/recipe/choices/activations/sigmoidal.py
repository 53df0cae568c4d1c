"""S-shaped activations, which are flat at both ends."""

from __future__ import annotations

from typing import ClassVar

from pydantic.dataclasses import dataclass

from sfumato.recipe.choices.activations.activation import Activation
from sfumato.recipe.choices.choice import CONFIG
from sfumato.recipe.choices.initializations import Glorot, Initialization


@dataclass(frozen=True, config=CONFIG)
class Tanh(Activation, name="tanh"):
    """tanh(x)."""

    compiled: ClassVar[bool] = True
    saved_per_unit: ClassVar[int] = 3
    sigmoidal_slope: ClassVar[float | None] = 1.0

    def initialization(self) -> Initialization:
        """Return Glorot."""
        return Glorot()


@dataclass(frozen=True, config=CONFIG)
class Sigmoid(Activation, name="sigmoid"):
    """1 / (1 + exp(-x))."""

    compiled: ClassVar[bool] = True
    saved_per_unit: ClassVar[int] = 3
    sigmoidal_slope: ClassVar[float | None] = 0.25

    def initialization(self) -> Initialization:
        """Return Glorot."""
        return Glorot()
