"""The family of activations of hidden units."""

from __future__ import annotations

import dataclasses
from typing import ClassVar, Self

from pydantic.dataclasses import dataclass

from sfumato.recipe.choices.choice import CONFIG, Choice
from sfumato.recipe.choices.initializations import Initialization

FIRST = "first_"
"""Beginning of the names of fields for the first hidden layer alone: ``first_x``, None unless it is given, is the value
of the field ``x`` there. It is not passed to the implementation."""


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
    is_complex: ClassVar[bool] = False
    """Whether it is a function of complex numbers, so that all hidden units are complex."""
    saved_per_unit: ClassVar[int]
    """Numbers per unit and sample that automatic differentiation stores: the preactivation and the gradient, and the
    output or another factor where the derivative needs one."""
    sigmoidal_slope: ClassVar[float | None]
    """The largest derivative of an S-shaped activation, which is flat at both ends; None for any other shape."""

    @property
    def parameters(self) -> tuple[float, ...]:
        """Values of all fields for layers after the first."""
        return tuple(float(getattr(self, name)) for name in self._names() if not name.startswith(FIRST))

    @property
    def differs_in_first_layer(self) -> bool:
        """Whether it has a value for the first hidden layer alone."""
        return any(getattr(self, name) is not None for name in self._names() if name.startswith(FIRST))

    def in_layer(self, number: int) -> Self:
        """Return the activation as it is in the hidden layer ``number``, from 0: without fields for the first alone."""
        if not self.differs_in_first_layer:
            return self
        first = {name: getattr(self, name) for name in self._names() if name.startswith(FIRST)}
        given = {name.removeprefix(FIRST): value for name, value in first.items() if value is not None}
        return dataclasses.replace(self, **dict.fromkeys(first), **(given if number == 0 else {}))

    @classmethod
    def _names(cls) -> list[str]:
        return [field.name for field in dataclasses.fields(cls)]

    def initialization(self) -> Initialization:
        """Return an initialization that preserves the scale of signals from layer to layer."""
        raise NotImplementedError

    def smoother(self) -> tuple[Activation, Initialization] | None:
        """Return a variant with which the network varies less between pixels, or None where there is none."""
        return None
