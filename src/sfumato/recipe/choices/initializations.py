"""Initializations of the weights."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from sfumato.recipe.choices.choice import CONFIG, Choice
from sfumato.recipe.layers import LinearLayer

Distribution = Literal["normal", "uniform"]


@dataclass(frozen=True, config=CONFIG)
class Initialization(
    Choice,
    family="initialization",
    implementations="sfumato.models.initializations.{name}:draw",
    facts=("needs_picture", "scratch_bytes", "operations"),
):
    """Distribution of the initial weights and biases."""

    needs_picture: ClassVar[bool]
    """Whether it places units in the plane of a picture, so that no other inputs fit."""
    scratch_bytes: ClassVar[int]
    """Temporary bytes per weight while the largest layer is drawn."""

    def operations(self, layers: tuple[LinearLayer, ...]) -> int:
        """Return the approximate floating-point operations besides drawing each weight."""
        raise NotImplementedError


@dataclass(frozen=True, config=CONFIG)
class IndependentWeights(Initialization):
    """Weights drawn independently, in float64, and converted."""

    needs_picture: ClassVar[bool] = False
    scratch_bytes: ClassVar[int] = 20

    def operations(self, layers: tuple[LinearLayer, ...]) -> int:
        """Return 0."""
        return 0


@dataclass(frozen=True, config=CONFIG)
class Gaussian(IndependentWeights, name="gaussian"):
    """Normal weights and biases with standard deviation scale / sqrt(fan_in + 1), as in 2012."""

    scale: float = Field(default=0.3, gt=0, description="numerator of the standard deviation")


@dataclass(frozen=True, config=CONFIG)
class He(IndependentWeights, name="he"):
    """Variance 2 / fan_in, biases 0 (He et al. 2015)."""

    distribution: Distribution = Field(default="normal", description="normal or uniform")


@dataclass(frozen=True, config=CONFIG)
class Glorot(IndependentWeights, name="glorot"):
    """Variance 2 / (fan_in + fan_out), biases 0 (Glorot and Bengio 2010)."""

    distribution: Distribution = Field(default="uniform", description="normal or uniform")


@dataclass(frozen=True, config=CONFIG)
class LeCun(IndependentWeights, name="lecun"):
    """Variance 1 / fan_in, biases 0 (LeCun et al. 1998)."""

    distribution: Distribution = Field(default="normal", description="normal or uniform")


@dataclass(frozen=True, config=CONFIG)
class Orthogonal(Initialization, name="orthogonal"):
    """A random matrix with orthonormal rows or columns times gain, biases 0 (Saxe et al. 2014)."""

    needs_picture: ClassVar[bool] = False
    scratch_bytes: ClassVar[int] = 36

    gain: float = Field(default=1.0, gt=0, description="factor of the orthonormal matrix")

    def operations(self, layers: tuple[LinearLayer, ...]) -> int:
        """Return the operations of a QR factorization of each layer."""
        return sum(8 * max(each.inputs, each.units) * min(each.inputs, each.units) ** 2 for each in layers)


@dataclass(frozen=True, config=CONFIG)
class Siren(IndependentWeights, name="siren"):
    """Uniform: +-1/fan_in in the first layer, +-sqrt(6/fan_in)/omega after it (Sitzmann et al. 2020).

    Biases are uniform within +-1/sqrt(fan_in).
    """

    omega: float = Field(default=30.0, gt=0, description="frequency of the sine units")


@dataclass(frozen=True, config=CONFIG)
class RandomHyperplanes(Initialization, name="random_hyperplanes"):
    """The zero line of every unit, where its preactivation is 0, passes through a random point of the picture.

    A hidden layer is scaled so that its preactivations have standard deviation 1 over the picture.
    """

    needs_picture: ClassVar[bool] = True
    scratch_bytes: ClassVar[int] = 36

    scale: float = Field(default=30.0, gt=0, description="norm of the weights of each first-layer unit: its steepness")

    def operations(self, layers: tuple[LinearLayer, ...]) -> int:
        """Return the operations of passing one random point per hidden unit through all layers below."""
        return sum(
            2 * layer.units * sum(below.weights for below in layers[:number])
            for number, layer in enumerate(layers[:-1])
        )
