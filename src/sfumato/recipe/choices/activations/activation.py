"""The family of activations of hidden units."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from pydantic.dataclasses import dataclass

from sfumato.recipe.choices.choice import CONFIG, Choice
from sfumato.recipe.choices.initializations import Initialization


@dataclass(frozen=True, config=CONFIG)
class Activation(
    Choice,
    family="activation",
    implementations="sfumato.models.activations.{name}:IMPLEMENTATION",
    facts=("saved_per_unit", "sigmoidal_slope", "initialization"),
):
    """Activation of a hidden unit. Its fields are numbers, passed to its implementation in their order."""

    compiled: ClassVar[bool] = False
    """Whether its implementation has the scalar functions that compiled engines call."""
    saved_per_unit: ClassVar[int]
    """Numbers per unit and sample that automatic differentiation stores: the preactivation and the gradient, and the
    output or another factor where the derivative needs one."""
    sigmoidal_slope: ClassVar[float | None]
    """The largest derivative of an S-shaped activation, which is flat at both ends; None for any other shape."""

    @property
    def parameters(self) -> tuple[float, ...]:
        """Values of all fields."""
        return tuple(float(getattr(self, field.name)) for field in dataclasses.fields(self))

    def initialization(self) -> Initialization:
        """Return an initialization that preserves the scale of signals from layer to layer."""
        raise NotImplementedError

    def smoother(self) -> tuple[Activation, Initialization] | None:
        """Return a variant with which the network varies less between pixels, or None where there is none."""
        return None
