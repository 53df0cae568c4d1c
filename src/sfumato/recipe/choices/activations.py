"""Activations of hidden units."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from pydantic import Field
from pydantic.dataclasses import dataclass

from sfumato.formatting import one_digit
from sfumato.recipe.choices.choice import CONFIG, Choice
from sfumato.recipe.choices.initializations import Glorot, Initialization, RandomHyperplanes, Siren


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


@dataclass(frozen=True, config=CONFIG)
class LeakyReLU(Activation, name="leaky_relu"):
    """x for x >= 0, negative_slope * x below."""

    compiled: ClassVar[bool] = True
    saved_per_unit: ClassVar[int] = 2
    sigmoidal_slope: ClassVar[float | None] = None
    negative_slope: float = Field(default=0.01, ge=0, lt=1, description="slope below zero")

    def initialization(self) -> Initialization:
        """Return RandomHyperplanes."""
        return RandomHyperplanes()


@dataclass(frozen=True, config=CONFIG)
class ReLU(Activation, name="relu"):
    """max(0, x)."""

    compiled: ClassVar[bool] = True
    saved_per_unit: ClassVar[int] = 2
    sigmoidal_slope: ClassVar[float | None] = None

    def initialization(self) -> Initialization:
        """Return RandomHyperplanes."""
        return RandomHyperplanes()


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


@dataclass(frozen=True, config=CONFIG)
class Sine(Activation, name="sine"):
    """sin(omega * x), as in SIREN (Sitzmann et al. 2020)."""

    compiled: ClassVar[bool] = True
    saved_per_unit: ClassVar[int] = 3
    sigmoidal_slope: ClassVar[float | None] = None
    omega: float = Field(default=30.0, gt=0, description="frequency, a factor of the preactivation")

    def initialization(self) -> Initialization:
        """Return SIREN's initialization for the same frequency."""
        return Siren(omega=self.omega)

    def smoother(self) -> tuple[Activation, Initialization] | None:
        """Return a sine of half the frequency with its initialization."""
        omega = one_digit(self.omega / 2)
        return Sine(omega=omega), Siren(omega=omega)


@dataclass(frozen=True, config=CONFIG)
class GaussianActivation(Activation, name="gaussian"):
    """exp(-x^2 / (2 * width^2)) (Ramasinghe and Lucey 2022)."""

    compiled: ClassVar[bool] = True
    saved_per_unit: ClassVar[int] = 3
    sigmoidal_slope: ClassVar[float | None] = None
    width: float = Field(default=1.0, gt=0, description="standard deviation of the Gaussian")

    def initialization(self) -> Initialization:
        """Return RandomHyperplanes."""
        return RandomHyperplanes()
