"""Rectifiers: activations that grow above zero, and hardly below."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field
from pydantic.dataclasses import dataclass

from sfumato.recipe.choices.activations.activation import Activation
from sfumato.recipe.choices.choice import CONFIG
from sfumato.recipe.choices.initializations import Initialization, RandomHyperplanes


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
class ELU(Activation, name="elu"):
    """x for x > 0, alpha * (exp(x) - 1) below (Clevert et al. 2016)."""

    compiled: ClassVar[bool] = True
    saved_per_unit: ClassVar[int] = 3
    sigmoidal_slope: ClassVar[float | None] = None
    alpha: float = Field(default=1.0, gt=0, description="limit below zero, its sign changed")

    def initialization(self) -> Initialization:
        """Return RandomHyperplanes."""
        return RandomHyperplanes()


@dataclass(frozen=True, config=CONFIG)
class GELU(Activation, name="gelu"):
    """x Phi(x), Phi being the standard normal distribution function (Hendrycks and Gimpel 2016)."""

    compiled: ClassVar[bool] = True
    saved_per_unit: ClassVar[int] = 3
    sigmoidal_slope: ClassVar[float | None] = None

    def initialization(self) -> Initialization:
        """Return RandomHyperplanes."""
        return RandomHyperplanes()


@dataclass(frozen=True, config=CONFIG)
class SiLU(Activation, name="silu"):
    """x / (1 + exp(-x)) (Elfwing et al. 2018), also called swish."""

    compiled: ClassVar[bool] = True
    saved_per_unit: ClassVar[int] = 3
    sigmoidal_slope: ClassVar[float | None] = None

    def initialization(self) -> Initialization:
        """Return RandomHyperplanes."""
        return RandomHyperplanes()


@dataclass(frozen=True, config=CONFIG)
class Softplus(Activation, name="softplus"):
    """log(1 + exp(beta * x)) / beta (Dugas et al. 2001)."""

    compiled: ClassVar[bool] = True
    saved_per_unit: ClassVar[int] = 3
    sigmoidal_slope: ClassVar[float | None] = None
    beta: float = Field(default=1.0, gt=0, description="sharpness of the bend at zero")

    def initialization(self) -> Initialization:
        """Return RandomHyperplanes."""
        return RandomHyperplanes()
