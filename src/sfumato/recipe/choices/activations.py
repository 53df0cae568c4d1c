"""What a hidden unit does to its weighted sum."""

from __future__ import annotations

from pydantic import Field
from pydantic.dataclasses import dataclass

from sfumato.recipe.choices.choice import CONFIG, Choice


@dataclass(frozen=True, config=CONFIG)
class Activation(Choice, family="activation"):
    """A hidden unit's activation."""


@dataclass(frozen=True, config=CONFIG)
class LeakyReLU(Activation, name="leaky_relu"):
    """x for x >= 0, slope * x below."""

    slope: float = Field(default=0.01, ge=0, lt=1, description="slope below zero")


@dataclass(frozen=True, config=CONFIG)
class ReLU(Activation, name="relu"):
    """max(0, x)."""


@dataclass(frozen=True, config=CONFIG)
class Tanh(Activation, name="tanh"):
    """tanh(x)."""


@dataclass(frozen=True, config=CONFIG)
class Sigmoid(Activation, name="sigmoid"):
    """1 / (1 + exp(-x))."""


@dataclass(frozen=True, config=CONFIG)
class Sine(Activation, name="sine"):
    """sin(omega * x), as in SIREN (Sitzmann et al. 2020)."""

    omega: float = Field(default=30.0, gt=0, description="frequency that multiplies the weighted sum")


@dataclass(frozen=True, config=CONFIG)
class Gauss(Activation, name="gauss"):
    """exp(-x^2 / (2 * width^2)) (Ramasinghe and Lucey 2022)."""

    width: float = Field(default=1.0, gt=0, description="standard deviation of the bell")
