"""How the weights are drawn before training."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from sfumato.recipe.choices.choice import CONFIG, Choice

Distribution = Literal["normal", "uniform"]


@dataclass(frozen=True, config=CONFIG)
class Initialisation(Choice, family="initialisation", implementations="sfumato.models.initialisations.{name}:draw"):
    """A distribution of initial weights and biases."""


@dataclass(frozen=True, config=CONFIG)
class Gaussian(Initialisation, name="gaussian"):
    """Normal with standard deviation scale / sqrt(fan_in + 1), biases alike: the 2012 rule."""

    scale: float = Field(default=0.3, gt=0, description="numerator of the standard deviation")


@dataclass(frozen=True, config=CONFIG)
class He(Initialisation, name="he"):
    """Variance 2 / fan_in, biases 0 (He et al. 2015)."""

    distribution: Distribution = Field(default="normal", description="normal or uniform")


@dataclass(frozen=True, config=CONFIG)
class Glorot(Initialisation, name="glorot"):
    """Variance 2 / (fan_in + fan_out), biases 0 (Glorot and Bengio 2010)."""

    distribution: Distribution = Field(default="uniform", description="normal or uniform")


@dataclass(frozen=True, config=CONFIG)
class LeCun(Initialisation, name="lecun"):
    """Variance 1 / fan_in, biases 0 (LeCun et al. 1998)."""

    distribution: Distribution = Field(default="normal", description="normal or uniform")


@dataclass(frozen=True, config=CONFIG)
class Orthogonal(Initialisation, name="orthogonal"):
    """A random matrix with orthonormal rows or columns times gain, biases 0 (Saxe et al. 2014)."""

    gain: float = Field(default=1.0, gt=0, description="factor of the orthonormal matrix")


@dataclass(frozen=True, config=CONFIG)
class Siren(Initialisation, name="siren"):
    """Uniform: +-1/fan_in in the first layer, +-sqrt(6/fan_in)/omega after it (Sitzmann et al. 2020).

    Biases are uniform within +-1/sqrt(fan_in).
    """

    omega: float = Field(default=30.0, gt=0, description="the frequency of the sine units that it is made for")


@dataclass(frozen=True, config=CONFIG)
class Edges(Initialisation, name="edges"):
    """The edge of every unit, where its sum is 0, passes through a random place of the picture.

    A hidden layer is scaled so that its sums have the standard deviation 1 over the picture.
    """

    scale: float = Field(default=30.0, gt=0, description="how steep the first layer's units are: length of the weights")
