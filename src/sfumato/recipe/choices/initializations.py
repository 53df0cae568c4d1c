"""Initializations of the weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from sfumato.recipe.choices.choice import CONFIG, Choice, Value
from sfumato.recipe.layers import LinearLayer

Distribution = Literal["normal", "uniform", "truncated_normal"]
"""Distribution of weights with a given variance; a truncated normal one has no value beyond two of the standard
deviations that it had before."""

MEASURED_POINTS = 1024
"""Number of random points over which the standard deviation of a layer's preactivations is measured."""

Bias = Literal["fan_in", "weights"] | Annotated[float, Field(ge=0)]
"""Distribution of the biases: uniform within +-1/sqrt(fan_in), that of the layer's weights before a division by the
terms of its inputs, or normal with this standard deviation."""


def _bias(default: Bias) -> Any:
    return Field(
        default=default,
        description="biases: a standard deviation of normal ones, weights (distributed as the weights), or fan_in "
        "(uniform within 1 / sqrt(fan_in))",
    )


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
    """Weights and biases drawn independently, in float64, and converted. The weights do not depend on ``bias``."""

    needs_picture: ClassVar[bool] = False
    scratch_bytes: ClassVar[int] = 20

    def operations(self, layers: tuple[LinearLayer, ...]) -> int:
        """Return 0."""
        return 0


@dataclass(frozen=True, config=CONFIG)
class Gaussian(IndependentWeights, name="gaussian"):
    """Normal weights and biases with standard deviation scale / sqrt(fan_in + 1), as in 2012."""

    added_fields: ClassVar[Mapping[str, Value]] = {"bias": "weights"}

    scale: float = Field(default=0.3, gt=0, description="numerator of the standard deviation")
    bias: Bias = _bias("weights")


@dataclass(frozen=True, config=CONFIG)
class He(IndependentWeights, name="he"):
    """Variance 2 / fan_in (He et al. 2015)."""

    added_fields: ClassVar[Mapping[str, Value]] = {"bias": 0.0}

    distribution: Distribution = Field(default="normal", description="normal, uniform, or truncated_normal (JAX)")
    bias: Bias = _bias(0.0)


@dataclass(frozen=True, config=CONFIG)
class Glorot(IndependentWeights, name="glorot"):
    """Variance 2 / (fan_in + fan_out) (Glorot and Bengio 2010)."""

    added_fields: ClassVar[Mapping[str, Value]] = {"bias": 0.0}

    distribution: Distribution = Field(default="uniform", description="normal, uniform, or truncated_normal (JAX)")
    bias: Bias = _bias(0.0)


@dataclass(frozen=True, config=CONFIG)
class LeCun(IndependentWeights, name="lecun"):
    """Variance 1 / fan_in (LeCun et al. 1998)."""

    added_fields: ClassVar[Mapping[str, Value]] = {"bias": 0.0}

    distribution: Distribution = Field(default="normal", description="normal, uniform, or truncated_normal (JAX)")
    bias: Bias = _bias(0.0)


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
class LSUV(Initialization, name="lsuv"):
    """Orthonormal weights, scaled layer by layer so that preactivations have one variance (Mishkin and Matas 2016).

    The variance is that over all units and random points of the picture. Its colors are not used. Biases are 0.
    """

    needs_picture: ClassVar[bool] = True
    scratch_bytes: ClassVar[int] = 36

    std: float = Field(default=1.0, gt=0, description="standard deviation of the preactivations and outputs")

    def operations(self, layers: tuple[LinearLayer, ...]) -> int:
        """Return the operations of QR factorizations, and of passing random points through all layers."""
        points = sum(2 * MEASURED_POINTS * sum(each.weights for each in layers[: n + 1]) for n in range(len(layers)))
        return Orthogonal().operations(layers) + points


@dataclass(frozen=True, config=CONFIG)
class Siren(IndependentWeights, name="siren"):
    """Uniform: +-1/fan_in in the first layer, +-sqrt(6/fan_in)/omega after it (Sitzmann et al. 2020).

    By default, biases are uniform within +-1/sqrt(fan_in), PyTorch's default, as in the authors' code; those of COIN
    (Dupont et al. 2021) are ``weights``. ``weight_scale`` multiplies the weights of all layers but the last (Yeom et
    al. 2025, "Fast Training of Sinusoidal Neural Fields via Scaling Initialization").
    """

    added_fields: ClassVar[Mapping[str, Value]] = {"bias": "fan_in", "weight_scale": 1.0}

    omega: float = Field(default=30.0, gt=0, description="frequency of the sine units of hidden layers after the first")
    bias: Bias = _bias("fan_in")
    weight_scale: float = Field(default=1.0, gt=0, description="factor of the weights of all layers but the last")


@dataclass(frozen=True, config=CONFIG)
class FinerInitialization(IndependentWeights, name="finer"):
    """SIREN's weights, first-layer biases uniform within +-bias_range (Liu et al. 2024).

    The other biases are uniform within +-1/sqrt(fan_in), PyTorch's default. The wider the range, the higher the
    frequencies of variable-periodic units. The authors' pictures have 1/sqrt(2), PyTorch's default for two inputs.
    """

    omega: float = Field(default=30.0, gt=0, description="frequency of the units of hidden layers after the first")
    bias_range: float = Field(default=1.0, ge=0, description="largest absolute bias of the first layer")


@dataclass(frozen=True, config=CONFIG)
class PyTorch(IndependentWeights, name="pytorch"):
    """The default of PyTorch's nn.Linear: weights and biases uniform within +-1/sqrt(fan_in)."""

    bias: Bias = _bias("fan_in")


@dataclass(frozen=True, config=CONFIG)
class RandomHyperplanes(Initialization, name="random_hyperplanes"):
    """The zero line of every unit, where its preactivation is 0, passes through a random point of the picture.

    A hidden layer, and the first layer after an encoding, is scaled so that its preactivations have standard deviation
    1 over the picture.
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
