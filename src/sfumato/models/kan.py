"""Kolmogorov-Arnold networks: layers that are linear in basis functions of their inputs.

Liu et al. 2024, "KAN: Kolmogorov-Arnold Networks" (arXiv 2404.19756), equations 2.10 to 2.12: on every connection a
function w_b silu(x) + sum of c_i B_i(x), B-splines on an even grid that is extended by their degree on both sides. The
splines' own factor w_s is left out, because the coefficients c_i contain it. Sidharth et al. 2024, "Chebyshev
Polynomial-Based Kolmogorov-Arnold Networks" (arXiv 2405.07200): sum of c_i T_i(tanh x).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sfumato.models.network import HiddenLayer, LayeredNetwork
from sfumato.models.normalizations import Linear
from sfumato.recipe import choices
from sfumato.rng import rng_for


class SplineBasis(nn.Module):
    """SiLU and the B-splines of each input: (..., D) -> (..., D K), with the K functions of the first input first."""

    knots: Tensor

    def __init__(self, grid: int, degree: int, end: float) -> None:
        """Create B-splines of ``degree`` with ``grid`` intervals between -``end`` and ``end``."""
        super().__init__()
        self.degree = degree
        positions = torch.arange(-degree, grid + degree + 1, dtype=torch.float64)
        self.register_buffer("knots", positions * (2 * end / grid) - end, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Compute the functions by the recursion of de Boor (1972)."""
        t, x = self.knots, x.unsqueeze(-1)
        values = ((x >= t[:-1]) & (x < t[1:])).to(x.dtype)
        for k in range(1, self.degree + 1):
            rising = (x - t[: -k - 1]) / (t[k:-1] - t[: -k - 1])
            falling = (t[k + 1 :] - x) / (t[k + 1 :] - t[1:-k])
            values = rising * values[..., :-1] + falling * values[..., 1:]
        return torch.cat([nn.functional.silu(x), values], dim=-1).flatten(-2)


class ChebyshevBasis(nn.Module):
    """Chebyshev polynomials of tanh of each input: (..., D) -> (..., D K), those of the first input first."""

    def __init__(self, degree: int) -> None:
        """Create the polynomials T_0 to T_``degree``."""
        super().__init__()
        self.degree = degree

    def forward(self, x: Tensor) -> Tensor:
        """Compute the polynomials by T_n+1(u) = 2 u T_n(u) - T_n-1(u)."""
        u = torch.tanh(x)
        values = [torch.ones_like(u), u]
        for _ in range(self.degree - 1):
            values.append(2 * u * values[-1] - values[-2])
        return torch.stack(values[: self.degree + 1], dim=-1).flatten(-2)


class KAN(LayeredNetwork):
    """Layers that are linear in basis functions of their inputs: (N, D) inputs -> (N, C) outputs.

    ``layers`` holds the linear layers (units, inputs * functions), which have no biases, ``bases`` the functions of
    each layer's inputs.
    """

    def __init__(
        self,
        encode: nn.Module,
        inputs: int,
        widths: Sequence[int],
        outputs: int,
        connectivity: choices.BasisConnectivity,
        *,
        sigmoid_output: bool = False,
    ) -> None:
        """Create the layers; ``inputs`` is the number of features of ``encode``."""
        super().__init__(encode, sigmoid_output=sigmoid_output)
        self.functions = connectivity.functions
        fan_ins, fan_outs = [inputs, *widths], [*widths, outputs]
        self.bases = nn.ModuleList(_basis(connectivity) for _ in fan_ins)
        self.layers = nn.ModuleList(
            Linear(fan_in * self.functions, fan_out, bias=False)
            for fan_in, fan_out in zip(fan_ins, fan_outs, strict=True)
        )

    def inputs(self, coordinates: Tensor, layer: int) -> Tensor:
        """Compute the basis functions of a layer's inputs: (N, D) -> (N, inputs * functions)."""
        x = self.encode(coordinates)
        for number in range(layer):
            x = self.layers[number](self.bases[number](x))
        return self.bases[layer](x)

    def hidden(self, coordinates: Tensor, layer: int) -> HiddenLayer:
        """Compute a hidden layer, whose outputs are its sums."""
        z = self.layers[layer](self.inputs(coordinates, layer))
        return HiddenLayer(z, z)

    def activation(self, layer: int) -> None:
        """Return None: a unit is a sum, and the functions belong to connections."""

    def linear_layers(self) -> list[nn.Linear]:
        """Return the layers from input to output."""
        return [layer for layer in self.layers if isinstance(layer, nn.Linear)]

    def connection_weights(self, layer: int) -> Tensor:
        """Return the norms of the connections' coefficients: (units, units below)."""
        return self.linear_layers()[layer].weight.unflatten(1, (-1, self.functions)).norm(dim=2)

    def outgoing_weights(self, layer: int) -> Tensor:
        """Return the coefficients of a hidden layer's units in the layer above: (units there * functions, units)."""
        weight = self.linear_layers()[layer + 1].weight
        return weight.unflatten(1, (-1, self.functions)).transpose(1, 2).flatten(0, 1)

    @torch.no_grad()
    def initialize(self, connectivity: choices.BasisConnectivity, seed: int) -> None:
        """Draw all coefficients; each layer has its own random stream, as in other networks.

        Of splines they are normal with standard deviation noise / sqrt(fan_in), those of SiLU uniform within
        +-1 / sqrt(fan_in). Of polynomials they are normal with standard deviation 1 / sqrt(fan_in (degree + 1)), so
        that sums have about the variance of one polynomial.
        """
        layers = self.linear_layers()
        for number, layer in enumerate(layers):
            random = rng_for(seed, f"initialisation/{'output' if layer is layers[-1] else number}")
            fan_in = layer.in_features // self.functions
            drawn = random.standard_normal((layer.out_features, fan_in, self.functions))
            if isinstance(connectivity, choices.KANSpline):
                drawn *= connectivity.noise / math.sqrt(fan_in)
                drawn[:, :, 0] = random.uniform(-1, 1, drawn.shape[:2]) / math.sqrt(fan_in)
            else:
                drawn /= math.sqrt(fan_in * self.functions)
            layer.weight.copy_(torch.from_numpy(drawn.reshape(layer.out_features, -1)))


def _basis(connectivity: choices.BasisConnectivity) -> nn.Module:
    if isinstance(connectivity, choices.KANSpline):
        return SplineBasis(connectivity.grid, connectivity.degree, connectivity.range)
    assert isinstance(connectivity, choices.KANChebyshev)
    return ChebyshevBasis(connectivity.degree)
