"""The multilayer perceptron."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sfumato.recipe.connections import PLAIN, Connections


class MLP(nn.Module):
    """Linear layers with one activation between them: (N, 2) coordinates -> (N, C) colors.

    ``layers`` holds the linear layers from input to output; ``encode`` maps the coordinates first; ``connections`` says
    what is added to hidden layers' outputs, and where the encoded coordinates come in once more.
    """

    def __init__(
        self,
        encode: nn.Module,
        inputs: int,
        widths: Sequence[int],
        outputs: int,
        activate: nn.Module,
        *,
        biases: bool = True,
        sigmoid_output: bool = False,
        connections: Connections = PLAIN,
    ) -> None:
        """``inputs`` features come out of ``encode``; ``sigmoid_output`` puts a sigmoid on the outputs."""
        super().__init__()
        self.encode = encode
        self.activate = activate
        self.sigmoid_output = sigmoid_output
        self.connections = connections
        fan_ins, fan_outs = connections.fan_ins(inputs, widths), [*widths, outputs]
        self.layers = nn.ModuleList(
            _Linear(fan_in, fan_out, bias=biases) for fan_in, fan_out in zip(fan_ins, fan_outs, strict=True)
        )

    def forward(self, coordinates: Tensor) -> Tensor:
        """(N, 2) -> (N, C)."""
        x = self.layers[-1](self.inputs(coordinates, len(self.layers) - 1))
        return torch.sigmoid(x) if self.sigmoid_output else x

    def inputs(self, coordinates: Tensor, layer: int) -> Tensor:
        """(N, 2) -> (N, fan_in): what comes into a layer."""
        x = encoded = self.encode(coordinates)
        for number, below in enumerate(self.layers[:layer]):
            y = self.activate(below(x))
            x = x + y if number in self.connections.adds else y
            if number + 1 == self.connections.joins:
                x = torch.cat([x, encoded], dim=-1)
        return x

    @property
    def dtype(self) -> torch.dtype:
        """Of the weights."""
        return self.linear_layers()[0].weight.dtype

    def linear_layers(self) -> list[nn.Linear]:
        """The layers with weights, from input to output."""
        return [layer for layer in self.layers if isinstance(layer, nn.Linear)]


class _Linear(nn.Linear):
    def reset_parameters(self) -> None:
        # An initialization of ours draws the weights: PyTorch's own draw would be thrown away. The way that PyTorch
        # has of leaving it out (`nn.utils.skip_init`) loads SymPy, for half a second.
        """Leave the weights as they are."""

    def _get_name(self) -> str:
        return "Linear"
