"""The networks of the publications, with their initial weights, as lists of `nn.Linear`.

Features are in the order of Sfumato's, so that weights can be copied from one network to the other.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

Activation = Callable[[Tensor], Tensor]
Encoding = Callable[[Tensor], Tensor]


class Network(nn.Module):
    """phi_L(...phi_1(x)): linear layers with an activation after each but the last."""

    def __init__(
        self,
        sizes: list[int],
        activation: Activation,
        *,
        encode: Encoding = lambda x: x,
        output: Activation = lambda x: x,
    ) -> None:
        super().__init__()
        self.linear = [nn.Linear(a, b) for a, b in itertools.pairwise(sizes)]
        self.layers = nn.ModuleList(self.linear)
        self.activation, self.encode, self.output = activation, encode, output

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs (N, C) for coordinates (N, 2)."""
        h = self.encode(x)
        for layer in self.linear[:-1]:
            h = self.activation(layer(h))
        return self.output(self.linear[-1](h))


def siren(depth: int, width: int, channels: int, omega: float = 30.0) -> Network:
    """sin(omega (W x + b)), W uniform within 1/n in the first layer and sqrt(6/n)/omega after it; PyTorch's biases."""
    network = Network([2, *[width] * depth, channels], lambda z: torch.sin(omega * z))
    draw_sine_weights(network, omega)
    return network


def coin(depth: int, width: int, channels: int, omega: float = 30.0) -> Network:
    """A SIREN whose biases are uniform within the bound of their layer's weights."""
    network = siren(depth, width, channels, omega)
    for number, layer in enumerate(network.linear):
        bound = sine_bound(layer.in_features, omega, first=number == 0)
        nn.init.uniform_(layer.bias, -bound, bound)
    return network


def finer(depth: int, width: int, channels: int, omega: float = 30.0) -> Network:
    """sin(omega (|z| + 1) z), the factor a constant in the gradient; weights and biases as `siren`."""
    network = Network([2, *[width] * depth, channels], lambda z: torch.sin(omega * (z.abs() + 1).detach() * z))
    draw_sine_weights(network, omega)
    return network


def stax(depth: int, width: int, channels: int, encode: Encoding, features: int) -> Network:
    """JAX's stax.Dense, ReLU and sigmoid: truncated normal weights of variance 2/(n + m), biases N(0, 0.01^2)."""
    network = Network([features, *[width] * depth, channels], torch.relu, encode=encode, output=torch.sigmoid)
    for layer in network.linear:
        deviation = math.sqrt(2 / (layer.in_features + layer.out_features)) / 0.87962566103423978
        nn.init.trunc_normal_(layer.weight, std=deviation, a=-2 * deviation, b=2 * deviation)
        nn.init.normal_(layer.bias, std=0.01)
    return network


def relu(depth: int, width: int, channels: int) -> Network:
    """ReLU units with PyTorch's own initial weights."""
    return Network([2, *[width] * depth, channels], torch.relu)


def sine_bound(fan_in: int, omega: float, *, first: bool) -> float:
    """Return the bound of SIREN's uniform weights."""
    return 1 / fan_in if first else math.sqrt(6 / fan_in) / omega


def draw_sine_weights(network: Network, omega: float) -> None:
    """Draw SIREN's weights, and leave the biases."""
    for number, layer in enumerate(network.linear):
        bound = sine_bound(layer.in_features, omega, first=number == 0)
        nn.init.uniform_(layer.weight, -bound, bound)


def waves(x: Tensor, frequencies: Tensor) -> Tensor:
    """Return cos and sin of 2 pi x f, for each input one after the other: (N, 2) and (K,) -> (N, 4 K)."""
    angles = 2 * math.pi * x[:, :, None] * frequencies
    return torch.cat([angles.cos(), angles.sin()], dim=2).flatten(1)


def log_linear(scale: float, count: int = 128) -> Tensor:
    """Return the frequencies 2^s - 1, s evenly from 0 to ``scale``."""
    return 2.0 ** torch.linspace(0, scale, count, dtype=torch.float64) - 1


def gaussian(frequencies: Tensor) -> Encoding:
    """Return the encoding cos and sin of 2 pi B x, for B (2, K)."""

    def encode(x: Tensor) -> Tensor:
        angles = 2 * math.pi * (x @ frequencies.to(x.dtype))
        return torch.cat([angles.cos(), angles.sin()], dim=1)

    return encode
