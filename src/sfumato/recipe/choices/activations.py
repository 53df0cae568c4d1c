"""What a hidden unit does to its weighted sum."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from pydantic import Field
from pydantic.dataclasses import dataclass

from sfumato.recipe.choices.choice import CONFIG, Choice


@dataclass(frozen=True, config=CONFIG)
class Activation(Choice, family="activation", implementations="sfumato.models.activations.{name}:IMPLEMENTATION"):
    """A hidden unit's activation. Its fields are numbers, and reach its implementation in their order."""

    compiled: ClassVar[bool] = False
    """Whether its implementation has the scalar functions that compiled engines call."""

    @property
    def parameters(self) -> tuple[float, ...]:
        """The values of all its fields."""
        return tuple(float(getattr(self, field.name)) for field in dataclasses.fields(self))


@dataclass(frozen=True, config=CONFIG)
class LeakyReLU(Activation, name="leaky_relu"):
    """x for x >= 0, slope * x below."""

    compiled: ClassVar[bool] = True
    slope: float = Field(default=0.01, ge=0, lt=1, description="slope below zero")


@dataclass(frozen=True, config=CONFIG)
class ReLU(Activation, name="relu"):
    """max(0, x)."""

    compiled: ClassVar[bool] = True


@dataclass(frozen=True, config=CONFIG)
class Tanh(Activation, name="tanh"):
    """tanh(x)."""

    compiled: ClassVar[bool] = True


@dataclass(frozen=True, config=CONFIG)
class Sigmoid(Activation, name="sigmoid"):
    """1 / (1 + exp(-x))."""

    compiled: ClassVar[bool] = True


@dataclass(frozen=True, config=CONFIG)
class Sine(Activation, name="sine"):
    """sin(omega * x), as in SIREN (Sitzmann et al. 2020)."""

    compiled: ClassVar[bool] = True
    omega: float = Field(default=30.0, gt=0, description="frequency that multiplies the weighted sum")


@dataclass(frozen=True, config=CONFIG)
class Gauss(Activation, name="gauss"):
    """exp(-x^2 / (2 * width^2)) (Ramasinghe and Lucey 2022)."""

    compiled: ClassVar[bool] = True
    width: float = Field(default=1.0, gt=0, description="standard deviation of the bell")
