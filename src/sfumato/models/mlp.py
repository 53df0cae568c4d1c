"""The multilayer perceptron."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sfumato.models.network import HiddenLayer, LayeredNetwork
from sfumato.models.normalizations import implementation
from sfumato.recipe import choices
from sfumato.recipe.choices.normalizations import NO_NORMALIZATION
from sfumato.recipe.connections import PLAIN, Connections


class MLP(LayeredNetwork):
    """Linear layers with an activation after each but the last: (N, D) inputs -> (N, C) outputs.

    ``encode`` maps the inputs to features; ``layers`` holds the linear layers from input to output, ``activations`` the
    activations of the hidden ones, and ``normalizations`` what precedes these, if anything does; ``connections`` holds
    the residual, skip and dense connections.
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
        normalization: choices.Normalization = NO_NORMALIZATION,
    ) -> None:
        """Create the layers; ``inputs`` is the number of features of ``encode``.

        ``widths`` and ``activations`` have a member per hidden layer, each activation a module of its own;
        ``sigmoid_output`` applies a sigmoid to the outputs.
        """
        super().__init__(encode, sigmoid_output=sigmoid_output)
        normalized = implementation(normalization)
        self.activations = nn.ModuleList(activations)
        self.connections = connections
        fan_ins, fan_outs = connections.fan_ins(inputs, widths), [*widths, outputs]
        self.layers = nn.ModuleList(
            normalized.linear(fan_in, fan_out, bias=biases) for fan_in, fan_out in zip(fan_ins, fan_outs, strict=True)
        )
        self.normalization = normalization
        self.normalizations = nn.ModuleList(
            normalized.normalize(units) for units in widths if normalized.normalize is not None
        )

    def inputs(self, coordinates: Tensor, layer: int) -> Tensor:
        """Compute the inputs of a layer: (N, D) -> (N, fan_in)."""
        return self.inputs_from(self.encode(coordinates), layer)

    def inputs_from(self, encoded: Tensor, layer: int) -> Tensor:
        """Compute the inputs of a layer from the features of an encoding: (N, F) -> (N, fan_in)."""
        x = encoded
        for number in range(layer):
            y = self._hidden(x, number).outputs
            if number in self.connections.dense_layers:
                x = torch.cat([y, x], dim=-1)
                continue
            x = x + y if number in self.connections.residual_layers else y
            if number + 1 == self.connections.concat_layer:
                x = torch.cat([x, encoded], dim=-1)
        return x

    def hidden(self, coordinates: Tensor, layer: int) -> HiddenLayer:
        """Compute a hidden layer, without its residual connection."""
        return self._hidden(self.inputs(coordinates, layer), layer)

    def _hidden(self, inputs: Tensor, layer: int) -> HiddenLayer:
        z = self.layers[layer](inputs)
        z = self.normalizations[layer](z) if self.normalizations else z
        return HiddenLayer(z, self.activations[layer](z))

    def activation(self, layer: int) -> nn.Module:
        """Return the activation of a hidden layer."""
        return self.activations[layer]

    def linear_layers(self) -> list[nn.Linear]:
        """Return the linear layers from input to output."""
        return [layer for layer in self.layers if isinstance(layer, nn.Linear)]

    def fan_in_of(self) -> dict[int, int]:
        """Return the fan-in of the layer of each normalization."""
        layers = self.linear_layers()
        return {id(each): layers[number].in_features + 1 for number, each in enumerate(self.normalizations)}
