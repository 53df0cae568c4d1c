"""Multilayer perceptrons whose hidden units are complex numbers, as in WIRE.

Saragadam et al. 2023, "WIRE: Wavelet Implicit Neural Representations", and the authors' code
(github.com/vishwa91/wire): the first layer has real weights, all others complex ones, and the outputs are the real
parts of the last layer's. A complex number is stored as two real ones here, the real parts of a layer first, so that
every optimizer, file and data type of real networks applies. Their last layer also has imaginary parts of its biases,
which no output depends on; here it has none.

A width of the paper is divided by the square root of 2 in its code, so that a hidden layer has as many real parameters
as that of a real network of the paper's width. ``model.width`` is the number of complex units: 212 for the paper's 300.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from sfumato.models.network import HiddenLayer, LayeredNetwork
from sfumato.models.normalizations import Linear
from sfumato.recipe.connections import PLAIN, Connections


class ComplexLinear(Linear):
    """A linear map of complex numbers: (..., 2 inputs) -> (..., 2 units), real parts first.

    ``weight`` (2 units, inputs) and ``bias`` (2 units,) hold the real parts, then the imaginary ones.
    """

    def __init__(self, inputs: int, units: int, bias: bool = True) -> None:
        """Create the layer; weights and biases have any values."""
        super().__init__(inputs, 2 * units, bias=bias)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the name in nn.Linear
        """Return the preactivations."""
        real, imaginary = (functional.linear(part, self.weight) for part in input.chunk(2, dim=-1))
        (rr, ri), (ir, ii) = real.chunk(2, dim=-1), imaginary.chunk(2, dim=-1)
        z = torch.cat([rr - ii, ri + ir], dim=-1)
        return z if self.bias is None else z + self.bias

    def _get_name(self) -> str:
        return "ComplexLinear"


class ComplexMLP(LayeredNetwork):
    """Complex linear layers with an activation after each but the last: (N, D) inputs -> (N, C) outputs.

    ``layers`` holds a real layer, complex ones, and one that gives the real parts of complex outputs.
    """

    def __init__(
        self,
        encode: nn.Module,
        inputs: int,
        widths: Sequence[int],
        outputs: int,
        activations: Sequence[nn.Module],
        *,
        biases: bool = True,
        sigmoid_output: bool = False,
        connections: Connections = PLAIN,
    ) -> None:
        """Create the layers; ``inputs`` is the number of features of ``encode``.

        ``widths`` and ``activations`` have a member per hidden layer, at least one; ``connections`` holds the residual
        connections.
        """
        super().__init__(encode, sigmoid_output=sigmoid_output)
        self.connections = connections
        self.widths = tuple(widths)
        self.activations = nn.ModuleList(activations)
        hidden = [ComplexLinear(*sizes, bias=biases) for sizes in itertools.pairwise(widths)]
        first, last = Linear(inputs, widths[0], bias=biases), Linear(2 * widths[-1], outputs, bias=biases)
        self.layers = nn.ModuleList([first, *hidden, last])

    def inputs(self, coordinates: Tensor, layer: int) -> Tensor:
        """Compute the inputs of a layer: (N, D) -> (N, fan_in), or (N, 2 fan_in) after the first."""
        return self.inputs_from(self.encode(coordinates), layer)

    def inputs_from(self, encoded: Tensor, layer: int) -> Tensor:
        """Compute the inputs of a layer from the features of an encoding: (N, F) -> (N, fan_in) or (N, 2 fan_in)."""
        x = encoded
        for number in range(layer):
            y = self._outputs(x, number)[1]
            x = x + y if number in self.connections.residual_layers else y
        return x

    def _outputs(self, inputs: Tensor, layer: int) -> tuple[Tensor, Tensor]:
        z = self.layers[layer](inputs)
        if layer == 0:
            z = torch.cat([z, torch.zeros_like(z)], dim=-1)
        return z, self.activations[layer](z)

    def hidden(self, coordinates: Tensor, layer: int) -> HiddenLayer:
        """Compute the real parts of a hidden layer, without its residual connection."""
        z, y = self._outputs(self.inputs(coordinates, layer), layer)
        units = self.widths[layer]
        return HiddenLayer(z[..., :units], y[..., :units])

    def activation(self, layer: int) -> None:
        """Return None: an activation is a function of both parts of a number."""

    def units(self, layer: int) -> int:
        """Return the number of complex units of a hidden layer."""
        return self.widths[layer]

    def linear_layers(self) -> list[nn.Linear]:
        """Return the linear layers from input to output."""
        return [layer for layer in self.layers if isinstance(layer, nn.Linear)]

    def connection_weights(self, layer: int) -> Tensor:
        """Return the absolute values of a layer's weights after the first: (units, fan_in)."""
        weight = self.linear_layers()[layer].weight
        if layer == 0:
            return weight
        parts = weight.chunk(2, dim=1 if layer == len(self.widths) else 0)
        return torch.hypot(*parts)

    def outgoing_weights(self, layer: int) -> Tensor:
        """Return the absolute values of the weights of a hidden layer's units in the layer above."""
        return self.connection_weights(layer + 1)

    def drawn_shape(self, layer: int) -> tuple[int, int]:
        """Return the fan-in and the fan-out with which a layer's real and imaginary weights are drawn at once."""
        linear = self.linear_layers()[layer]
        if layer == len(self.widths):
            return self.widths[-1], 2 * linear.out_features
        return linear.in_features, linear.out_features

    @torch.no_grad()
    def set_drawn(self, layer: int, weights: Tensor, biases: Tensor) -> None:
        """Set the weights and biases of a layer from those of `drawn_shape`, real parts first."""
        linear = self.linear_layers()[layer]
        if layer == len(self.widths):
            real, imaginary = weights.chunk(2, dim=0)
            weights, biases = torch.cat([real, -imaginary], dim=1), biases[: linear.out_features]
        linear.weight.copy_(weights)
        if linear.bias is not None:
            linear.bias.copy_(biases)
