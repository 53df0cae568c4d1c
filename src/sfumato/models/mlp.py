"""The multilayer perceptron."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sfumato.models.normalizations import implementation, weights_of
from sfumato.recipe import choices
from sfumato.recipe.choices.normalizations import NO_NORMALIZATION
from sfumato.recipe.connections import PLAIN, Connections


class MLP(nn.Module):
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
        super().__init__()
        normalized = implementation(normalization)
        self.encode = encode
        self.activations = nn.ModuleList(activations)
        self.sigmoid_output = sigmoid_output
        self.connections = connections
        fan_ins, fan_outs = connections.fan_ins(inputs, widths), [*widths, outputs]
        self.layers = nn.ModuleList(
            normalized.linear(fan_in, fan_out, bias=biases) for fan_in, fan_out in zip(fan_ins, fan_outs, strict=True)
        )
        self.normalization = normalization
        self.normalizations = nn.ModuleList(
            normalized.normalize(units) for units in widths if normalized.normalize is not None
        )

    def forward(self, coordinates: Tensor) -> Tensor:
        """Compute the outputs: (N, D) -> (N, C)."""
        x = self.layers[-1](self.inputs(coordinates, len(self.layers) - 1))
        return torch.sigmoid(x) if self.sigmoid_output else x

    def inputs(self, coordinates: Tensor, layer: int) -> Tensor:
        """Compute the inputs of a layer: (N, D) -> (N, fan_in)."""
        x = encoded = self.encode(coordinates)
        for number, (below, activate) in enumerate(zip(self.layers[:layer], self.activations, strict=False)):
            z = below(x)
            y = activate(self.normalizations[number](z) if self.normalizations else z)
            if number in self.connections.dense_layers:
                x = torch.cat([y, x], dim=-1)
                continue
            x = x + y if number in self.connections.residual_layers else y
            if number + 1 == self.connections.concat_layer:
                x = torch.cat([x, encoded], dim=-1)
        return x

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

    @property
    def dtype(self) -> torch.dtype:
        """Data type of the weights."""
        return self.linear_layers()[0].weight.dtype

    def linear_layers(self) -> list[nn.Linear]:
        """Return the linear layers from input to output."""
        return [layer for layer in self.layers if isinstance(layer, nn.Linear)]
