"""Normalizations of the units of a multilayer perceptron, and its linear layers.

Layer normalization (Ba, Kiros and Hinton 2016, "Layer Normalization"): (z - mean) / sqrt(variance + eps) over the units
of a layer, times a gain, plus a bias. Weight normalization (Salimans and Kingma 2016, "Weight Normalization: A Simple
Reparameterization to Accelerate Training of Deep Neural Networks"): w = g v / |v|, with a g and a v for each unit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from sfumato.recipe import choices


class Linear(nn.Linear):
    """A linear layer whose weights are not drawn when it is created."""

    def reset_parameters(self) -> None:
        # Sfumato's initializations draw the weights, so that PyTorch's draw would be wasted. PyTorch's function for
        # skipping it (`nn.utils.skip_init`) imports SymPy, which takes half a second.
        """Leave the weights unchanged."""

    def _get_name(self) -> str:
        return "Linear"


class WeightNormLinear(Linear):
    """A linear layer with the weights gain * weight / |weight|, where |weight| is the norm of each unit's.

    ``weight`` (units, fan_in) holds the directions v, ``gain`` (units,) the lengths g.
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        """Create the layer; weights, biases and gain have any values."""
        super().__init__(in_features, out_features, bias=bias)
        self.gain = nn.Parameter(torch.empty(out_features))

    def normalized_weight(self) -> Tensor:
        """Return the weights by which inputs are multiplied, (units, fan_in)."""
        return self.weight * (self.gain / self.weight.norm(dim=1)).unsqueeze(1)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the name in nn.Linear
        """Return the preactivations: (..., fan_in) -> (..., units)."""
        return functional.linear(input, self.normalized_weight(), self.bias)

    def _get_name(self) -> str:
        return "WeightNormLinear"


@torch.no_grad()
def set_weights(layer: nn.Linear, weights: Tensor) -> None:
    """Set the weights by which a layer's inputs are multiplied, (units, fan_in)."""
    layer.weight.copy_(weights)
    if isinstance(layer, WeightNormLinear):
        layer.gain.copy_(weights.norm(dim=1))


def weights_of(layer: nn.Linear) -> Tensor:
    """Return the weights by which a layer's inputs are multiplied, (units, fan_in)."""
    return layer.normalized_weight() if isinstance(layer, WeightNormLinear) else layer.weight


def shapes(choice: choices.Normalization, number: int, units: int, *, last: bool) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a layer's further parameters by their names in the network's ``state_dict``."""
    if last and not choice.includes_output:
        return {}
    return {name.format(number): (units,) for name in implementation(choice).parameters}


@dataclass(frozen=True)
class Implementation:
    """Implementation of a normalization."""

    linear: type[Linear] = Linear
    """Class of the linear layers."""
    normalize: Callable[[int], nn.Module] | None = None
    """units -> the module between a hidden layer's linear map and its activation; None if there is none."""
    parameters: tuple[str, ...] = ()
    """Names of its parameters in the network's ``state_dict``, {} in place of the layer's number; each is (units,)."""


def implementation(choice: choices.Normalization) -> Implementation:
    """Return the implementation of a choice."""
    return choice.implementation()(choice)


def none(_choice: choices.NoNormalization) -> Implementation:
    """Return linear layers as they are."""
    return Implementation()


def layer(choice: choices.LayerNorm) -> Implementation:
    """Return PyTorch's layer normalization between linear layers and activations.

    z becomes gain * (z - m) / sqrt(v + eps) + bias, with mean m and variance v of the sample's preactivations z.
    """
    return Implementation(
        normalize=lambda units: nn.LayerNorm(units, eps=choice.eps),
        parameters=("normalizations.{}.weight", "normalizations.{}.bias"),
    )


def weight(_choice: choices.WeightNorm) -> Implementation:
    """Return linear layers with normalized weights."""
    return Implementation(linear=WeightNormLinear, parameters=("layers.{}.gain",))
