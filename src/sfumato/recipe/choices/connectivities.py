"""Connectivities of a network's layers."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from sfumato.recipe.choices.choice import CONFIG, Choice


@dataclass(frozen=True, config=CONFIG)
class Connectivity(Choice, family="connectivity", implementations="sfumato.recipe.connections:{name}"):
    """Connections between hidden layers besides those of a chain, or what hidden layers are instead."""

    determines: ClassVar[tuple[str, ...]] = ()
    """Other fields of the model that have no meaning with it, and must have their defaults."""


@dataclass(frozen=True, config=CONFIG)
class Plain(Connectivity, name="plain"):
    """A chain: the input of each layer is the output of the one below."""


@dataclass(frozen=True, config=CONFIG)
class Residual(Connectivity, name="residual"):
    """Every hidden layer after the first adds its input to its output: h + act(Wh + b) (after He et al. 2016)."""


@dataclass(frozen=True, config=CONFIG)
class Skip(Connectivity, name="skip"):
    """Encoded coordinates concatenated with the input of one later hidden layer (Park et al. 2019)."""

    layer: int = Field(default=0, ge=0, le=1000, description="hidden layer, counted from 1; 0: the middle one")


@dataclass(frozen=True, config=CONFIG)
class Dense(Connectivity, name="dense"):
    """Every layer's input is the concatenation of all earlier layers' outputs and the encoded coordinates.

    As in a block of DenseNet (Huang et al. 2017); the output layer reads all of them, too.
    """


@dataclass(frozen=True, config=CONFIG)
class FilterConnectivity(Connectivity):
    """Hidden layers whose outputs are multiplied by filters, functions of the encoded coordinates, not activated.

    The first hidden layer is a filter alone: z_1 = g_1(x), z_{i+1} = (W_i z_i + b_i) g_{i+1}(x).
    """

    determines: ClassVar[tuple[str, ...]] = ("activation", "normalization", "init", "biases")
    saved_per_unit: ClassVar[int]
    """Numbers per unit and sample that automatic differentiation stores."""

    @property
    def noun(self) -> str:
        """What a drawing calls the filters."""
        raise NotImplementedError

    def trained_numbers(self, features: int) -> int:
        """Return the number of trained numbers of a unit's filter of so many encoded coordinates."""
        raise NotImplementedError

    def multiply_adds(self, features: int) -> int:
        """Return the multiply-adds of a unit's filter."""
        return features

    @property
    def has_outputs_at_all_scales(self) -> bool:
        """Whether hidden layers before the last have outputs of their own while training."""
        return False


@dataclass(frozen=True, config=CONFIG)
class MultiplicativeFilter(FilterConnectivity, name="multiplicative_filter"):
    """Multiplicative filter network (Fathony et al. 2021): (Wz + b) g(x) in place of activations.

    Filters are sines sin(Omega x + phi) (FourierNet), or these times Gaussians exp(-gamma/2 |x - mu|^2) (GaborNet), all
    trained. The initialization is the authors', who train by Adam at learning rate 0.01 on 256x256 pixels.
    """

    saved_per_unit: ClassVar[int] = 6

    filter: Literal["fourier", "gabor"] = Field(default="fourier", description="filters: fourier or gabor")
    input_scale: float = Field(default=256.0, gt=0, description="scale of the initial frequencies")
    weight_scale: float = Field(
        default=1.0, gt=0, description="scale of the initial hidden weights: within sqrt(weight_scale / fan_in)"
    )
    alpha: float = Field(default=6.0, gt=0, description="shape of the gamma distribution of gamma times the depth")
    beta: float = Field(default=1.0, gt=0, description="rate of the gamma distribution of gamma")

    @property
    def noun(self) -> str:
        """What a drawing calls the filters."""
        return f"{self.filter} filter"

    def trained_numbers(self, features: int) -> int:
        """Return the count of frequencies and the phase; of a Gabor filter also the center and the inverse width."""
        return (2 if self.filter == "gabor" else 1) * (features + 1)

    def multiply_adds(self, features: int) -> int:
        """Return one per frequency, and one per coordinate of a center."""
        return (2 if self.filter == "gabor" else 1) * features


@dataclass(frozen=True, config=CONFIG)
class BACON(FilterConnectivity, name="bacon"):
    """Band-limited coordinate network (Lindell et al. 2022): multiplied sines of fixed frequencies.

    Frequencies are whole numbers of cycles over the range of coordinates, at most a share of the bandwidth per layer,
    so that no output of layer i has frequencies above the sum of the first i shares. Phases are trained.
    """

    determines: ClassVar[tuple[str, ...]] = (*FilterConnectivity.determines, "encoding")
    saved_per_unit: ClassVar[int] = 4

    sample_rate: float = Field(
        default=256.0, ge=2, le=65536, description="samples across the picture whose highest frequency is the bandwidth"
    )
    shares: Literal["equal", "growing"] = Field(
        default="equal", description="layers' shares of the bandwidth: equal, or growing (1, 1, 2, 2, ...)"
    )
    outputs: Literal["all", "last"] = Field(
        default="all", description="outputs trained on the picture: those of all scales, or the last one alone"
    )

    @property
    def noun(self) -> str:
        """What a drawing calls the filters."""
        return "band-limited filter"

    def trained_numbers(self, features: int) -> int:
        """Return 1, the phase."""
        return 1

    @property
    def has_outputs_at_all_scales(self) -> bool:
        """Whether each hidden layer after the first has an output, on which the loss is averaged."""
        return self.outputs == "all"

    def cycles(self, depth: int) -> list[int]:
        """Return the largest frequency of each hidden layer's filter, in cycles over the range of coordinates."""
        parts = [1] * depth if self.shares == "equal" else [1, 1, *[2] * depth][:depth]
        return [round(self.sample_rate / 2 * part / sum(parts)) for part in parts]
