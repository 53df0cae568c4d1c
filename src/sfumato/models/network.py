"""What all networks of recipes have in common: linear layers, and an encoding of the coordinates before them."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from sfumato.models.normalizations import set_weights, weights_of
from sfumato.recipe.connections import PLAIN, Connections


class HiddenLayer(NamedTuple):
    """A hidden layer at some coordinates."""

    preactivations: Tensor
    """(N, units): what its activation is applied to, or what is multiplied by its filters."""
    outputs: Tensor
    """(N, units)."""


class LayeredNetwork(nn.Module):
    """A network of linear layers, built from a recipe: (N, D) inputs -> (N, C) outputs.

    ``encode`` maps the inputs to features; ``sigmoid_output`` applies a sigmoid to the outputs.
    """

    connections: Connections = PLAIN

    def __init__(self, encode: nn.Module, *, sigmoid_output: bool) -> None:
        super().__init__()
        self.encode = encode
        self.sigmoid_output = sigmoid_output

    def forward(self, coordinates: Tensor) -> Tensor:
        """Compute the outputs: (N, D) -> (N, C)."""
        linear = self.linear_layers()
        x = linear[-1](self.inputs(coordinates, len(linear) - 1))
        return torch.sigmoid(x) if self.sigmoid_output else x

    def inputs(self, coordinates: Tensor, layer: int) -> Tensor:
        """Compute the inputs of a linear layer, from 0: (N, D) -> (N, fan_in)."""
        raise NotImplementedError

    def hidden(self, coordinates: Tensor, layer: int) -> HiddenLayer:
        """Compute a hidden layer, from 0."""
        raise NotImplementedError

    def activation(self, layer: int) -> nn.Module | None:
        """Return the activation of a hidden layer, from 0; None if it has none."""
        raise NotImplementedError

    def linear_layers(self) -> list[nn.Linear]:
        """Return the linear layers from input to output: one per hidden layer, and the output layer."""
        raise NotImplementedError

    def units(self, layer: int) -> int:
        """Return the number of units of a hidden layer, from 0."""
        return self.linear_layers()[layer].out_features

    def connection_weights(self, layer: int) -> Tensor:
        """Return a number for each connection of a linear layer, from 0: (units, units below); usually its weights."""
        return weights_of(self.linear_layers()[layer])

    def drawn_shape(self, layer: int) -> tuple[int, int]:
        """Return the fan-in and the fan-out for which an initialization draws the weights of a linear layer."""
        linear = self.linear_layers()[layer]
        return linear.in_features, linear.out_features

    @torch.no_grad()
    def set_drawn(self, layer: int, weights: Tensor, biases: Tensor) -> None:
        """Set the weights (fan_out, fan_in) and biases (fan_out,) of a linear layer that an initialization drew."""
        linear = self.linear_layers()[layer]
        set_weights(linear, weights)
        if linear.bias is not None:
            linear.bias.copy_(biases)

    def fan_in_of(self) -> dict[int, int]:
        """Return the fan-ins of the layers of modules that are part of one, by the modules' ids, counting the bias."""
        return {}

    @property
    def dtype(self) -> torch.dtype:
        """Data type of the weights."""
        return self.linear_layers()[0].weight.dtype

    def outgoing_weights(self, layer: int) -> Tensor:
        """Return the weights of a hidden layer's units in all layers that read them: (units there, units here).

        ``layer`` counts from 0.
        """
        linear = self.linear_layers()
        units, first = linear[layer].out_features, 0
        found = [weights_of(linear[layer + 1])[:, :units]]
        # A residual connection adds outputs to others, so that later layers have no weights of their own for them.
        for between in range(layer + 1, len(linear) - 1):
            if between not in self.connections.dense_layers:
                break
            first += linear[between].out_features
            found.append(weights_of(linear[between + 1])[:, first : first + units])
        return torch.cat(found)
