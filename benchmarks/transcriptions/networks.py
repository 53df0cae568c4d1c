"""The networks of the publications, with their initial weights, as lists of `nn.Linear`.

Features are in the order of Sfumato's, so that weights can be copied from one network to the other.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

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

    def copy_from(self, layers: Sequence[nn.Linear]) -> None:
        """Copy the weights of a network of Sfumato, given as its linear layers."""
        for layer, source in zip(self.linear, layers, strict=True):
            layer.load_state_dict({name: value.clone() for name, value in source.state_dict().items()})


class ComplexNetwork(Network):
    """WIRE's: a real linear layer, complex ones, and the real part of a complex output."""

    def __init__(self, sizes: list[int], activation: Activation) -> None:
        super().__init__(sizes[:2], activation)
        complex_layers = [nn.Linear(a, b, dtype=torch.complex64) for a, b in itertools.pairwise(sizes[1:])]
        self.linear = [*self.linear, *complex_layers]
        self.layers = nn.ModuleList(self.linear)
        self.output = lambda z: z.real

    def to(self, dtype: torch.dtype) -> ComplexNetwork:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Convert all numbers in place; `Module.to` would drop imaginary parts."""
        kinds = (torch.float64, torch.complex128) if dtype == torch.float64 else (torch.float32, torch.complex64)
        for parameter in self.parameters():
            parameter.data = parameter.data.to(kinds[parameter.is_complex()])
        return self

    def double(self) -> ComplexNetwork:
        """Convert all numbers to double precision."""
        return self.to(torch.float64)

    @torch.no_grad()
    def copy_from(self, layers: Sequence[nn.Linear]) -> None:
        """Copy the weights of a network of Sfumato, whose complex numbers are pairs of real ones."""
        first, *hidden, last = layers
        self.linear[0].load_state_dict({name: value.clone() for name, value in first.state_dict().items()})
        for layer, source in zip(self.linear[1:-1], hidden, strict=True):
            layer.weight.copy_(torch.complex(*source.weight.chunk(2)))
            layer.bias.copy_(torch.complex(*source.bias.chunk(2)))
        real, imaginary = last.weight.chunk(2, dim=1)
        self.linear[-1].weight.copy_(torch.complex(real, -imaginary))
        self.linear[-1].bias.copy_(torch.complex(last.bias, torch.zeros_like(last.bias)))


def wire(depth: int, width: int, channels: int, omega: float, scale: float) -> ComplexNetwork:
    """exp(i omega z - |scale z|^2) of complex z, with PyTorch's own initial weights."""
    return ComplexNetwork(
        [2, *[width] * depth, channels],
        lambda z: torch.exp(1j * omega * z - (scale * z).abs().square()),
    )


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
