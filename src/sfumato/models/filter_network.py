"""Networks whose hidden layers are multiplied by filters of the coordinates instead of being activated.

Fathony, Sahu, Willmott and Kolter 2021, "Multiplicative Filter Networks": z_1 = g_1(x), z_{i+1} = (W_i z_i + b_i)
g_{i+1}(x), outputs W z + b, and the initialization as in the authors' code
(github.com/boschresearch/multiplicative-filter-networks). BACON (Lindell, Van Veen, Park and Wetzstein 2022) has sines
of fixed frequencies, and outputs of all scales, after github.com/computational-imaging/bacon.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sfumato.models.activations import Activate
from sfumato.models.network import HiddenLayer, LayeredNetwork
from sfumato.models.normalizations import Linear
from sfumato.recipe import choices
from sfumato.rng import rng_for

Ends = tuple[float, float]


class FourierFilter(nn.Module):
    """sin(Omega x + phi): (N, features) -> (N, units). ``linear`` holds Omega and phi."""

    def __init__(self, features: int, units: int, *, trains_frequencies: bool = True) -> None:
        super().__init__()
        self.trains_frequencies = trains_frequencies
        self.linear = Linear(features, units)
        self.linear.weight.requires_grad_(trains_frequencies)
        self.sine = Activate(choices.Sine(omega=1.0))

    def forward(self, x: Tensor) -> Tensor:
        """Return the filters' values."""
        return self.sine(self.linear(x))


class GaborFilter(nn.Module):
    """sin(Omega x + phi) exp(-gamma/2 |x - mu|^2): (N, features) -> (N, units).

    ``linear`` holds Omega and phi, ``center`` (units, features) mu, ``gamma`` (units,) the inverse squared widths.
    """

    def __init__(self, features: int, units: int) -> None:
        super().__init__()
        self.linear = Linear(features, units)
        self.center = nn.Parameter(torch.empty(units, features))
        self.gamma = nn.Parameter(torch.empty(units))
        self.sine = Activate(choices.Sine(omega=1.0))

    def forward(self, x: Tensor) -> Tensor:
        """Return the filters' values."""
        # Without an array (N, units, features).
        squares = x.square().sum(-1, keepdim=True) - 2 * (x @ self.center.T) + self.center.square().sum(-1)
        return self.sine(self.linear(x)) * torch.exp(-0.5 * self.gamma * squares)


Filter = FourierFilter | GaborFilter


class FilterNetwork(LayeredNetwork):
    """Linear layers multiplied by filters: (N, D) inputs -> (N, C) outputs.

    ``filters`` holds a filter per hidden layer, ``layers`` the linear layers after the first filter, and ``heads`` the
    outputs of hidden layers before the last, from the second, which only training uses.
    """

    def __init__(
        self,
        encode: nn.Module,
        inputs: int,
        widths: Sequence[int],
        outputs: int,
        connectivity: choices.FilterConnectivity,
        *,
        sigmoid_output: bool = False,
    ) -> None:
        """Create the layers; ``inputs`` is the number of features of ``encode``."""
        super().__init__(encode, sigmoid_output=sigmoid_output)
        self.filters = nn.ModuleList(_filter(connectivity, inputs, units) for units in widths)
        fan_outs = [*widths[1:], outputs]
        self.layers = nn.ModuleList(Linear(fan_in, fan_out) for fan_in, fan_out in zip(widths, fan_outs, strict=True))
        heads = widths[1:-1] if connectivity.has_outputs_at_all_scales else ()
        self.heads = nn.ModuleList(Linear(units, outputs) for units in heads)

    def inputs(self, coordinates: Tensor, layer: int) -> Tensor:
        """Compute the inputs of a linear layer: (N, D) -> (N, fan_in)."""
        encoded = self.encode(coordinates)
        return encoded if layer == 0 else self._hidden_layers(encoded, layer)[-1].outputs

    def hidden(self, coordinates: Tensor, layer: int) -> HiddenLayer:
        """Compute a hidden layer; the first one's preactivations are its outputs."""
        return self._hidden_layers(self.encode(coordinates), layer + 1)[-1]

    def _hidden_layers(self, encoded: Tensor, count: int) -> list[HiddenLayer]:
        z = self.filters[0](encoded)
        found = [HiddenLayer(z, z)]
        for number in range(1, count):
            linear = self.layers[number - 1](found[-1].outputs)
            found.append(HiddenLayer(linear, linear * self.filters[number](encoded)))
        return found

    def forward(self, coordinates: Tensor, *, all_scales: bool = False) -> Tensor:
        """Compute the outputs: (N, D) -> (N, C), or (scales, N, C) at all scales, the network's own last."""
        hidden = self._hidden_layers(self.encode(coordinates), len(self.filters))
        x = self.layers[-1](hidden[-1].outputs)
        if all_scales:
            # The heads are those of hidden layers from the second on.
            coarse = [head(layer.outputs) for head, layer in zip(self.heads, hidden[1:], strict=False)]
            x = torch.stack([*coarse, x])
        return torch.sigmoid(x) if self.sigmoid_output else x

    def compiled_filters(self) -> list[choices.Activation] | None:
        """Return the activations of the filters' linear maps where compiled engines can train all; else None."""
        trained = (each for each in self.filters if isinstance(each, FourierFilter) and each.trains_frequencies)
        found: list[choices.Activation] = [each.sine.choice for each in trained]
        return found if len(found) == len(self.filters) and not self.heads else None

    def fan_in_of(self) -> dict[int, int]:
        """Return the fan-in of the hidden layer of each filter but the first."""
        layers = self.linear_layers()
        return {id(_linear(each)): layers[k].in_features + 1 for k, each in enumerate(self.filters) if k > 0}

    def activation(self, layer: int) -> None:
        """Return None: a product is no function of the preactivations alone."""

    def linear_layers(self) -> list[nn.Linear]:
        """Return the linear layers from input to output, the first of them that of the first filter."""
        return [_linear(self.filters[0]), *(layer for layer in self.layers if isinstance(layer, nn.Linear))]

    @torch.no_grad()
    def initialize(self, connectivity: choices.FilterConnectivity, seed: int, ends: Ends) -> None:
        """Draw all parameters. ``ends`` are those of the range of all coordinates.

        Each layer has its own random stream, as in other networks.
        """
        depth = len(self.filters)
        for number, module in enumerate(self.filters):
            random = rng_for(seed, f"initialisation/filter/{number}")
            if isinstance(connectivity, choices.BACON):
                cycles = connectivity.cycles(depth)[number]
                _initialize_band_limited(_linear(module), cycles, ends, random)
            elif isinstance(connectivity, choices.MultiplicativeFilter):
                _initialize_filter(module, connectivity, depth, ends, random)
        for number, layer in enumerate([*self.layers, *self.heads]):
            assert isinstance(layer, nn.Linear)
            last = number == depth - 1
            name = "output" if last else f"head/{number - depth}" if number >= depth else str(number + 1)
            random = rng_for(seed, f"initialisation/{name}")
            default = 1 / math.sqrt(layer.in_features)
            if isinstance(connectivity, choices.BACON):
                bound = math.sqrt(6) * default
            elif isinstance(connectivity, choices.MultiplicativeFilter) and not last:
                bound = math.sqrt(connectivity.weight_scale) * default
            else:
                bound = default
            _copy(layer.weight, random.uniform(-bound, bound, tuple(layer.weight.shape)))
            # PyTorch's default for a linear layer.
            _copy(layer.bias, random.uniform(-default, default, layer.out_features))


def _filter(connectivity: choices.FilterConnectivity, features: int, units: int) -> Filter:
    if isinstance(connectivity, choices.MultiplicativeFilter) and connectivity.filter == "gabor":
        return GaborFilter(features, units)
    return FourierFilter(features, units, trains_frequencies=not isinstance(connectivity, choices.BACON))


def _linear(module: nn.Module) -> nn.Linear:
    assert isinstance(module, Filter)
    return module.linear


def _initialize_filter(
    module: nn.Module, choice: choices.MultiplicativeFilter, depth: int, ends: Ends, random: np.random.Generator
) -> None:
    """Draw frequencies uniform within input_scale / sqrt(depth * features), and phases within pi.

    Those of a Gabor filter are multiplied by the root of its gamma, drawn from a gamma distribution of shape
    alpha / depth; its center is uniform over the range of coordinates.
    """
    linear = _linear(module)
    bound = choice.input_scale / math.sqrt(depth * linear.in_features)
    frequencies = random.uniform(-bound, bound, (linear.out_features, linear.in_features))
    _copy(linear.bias, random.uniform(-math.pi, math.pi, linear.out_features))
    if isinstance(module, GaborFilter):
        gamma = random.gamma(choice.alpha / depth, 1 / choice.beta, linear.out_features)
        _copy(module.gamma, gamma)
        _copy(module.center, random.uniform(*ends, (linear.out_features, linear.in_features)))
        frequencies *= np.sqrt(gamma)[:, np.newaxis]
    _copy(linear.weight, frequencies)


def _initialize_band_limited(linear: nn.Linear, cycles: int, ends: Ends, random: np.random.Generator) -> None:
    """Draw whole numbers of cycles over the range, uniform from -cycles to cycles, and phases within pi."""
    drawn = random.integers(-cycles, cycles, (linear.out_features, linear.in_features), endpoint=True)
    _copy(linear.weight, drawn * (2 * math.pi / (ends[1] - ends[0])))
    _copy(linear.bias, random.uniform(-math.pi, math.pi, linear.out_features))


def _copy(parameter: Tensor, values: NDArray[np.floating]) -> None:
    parameter.copy_(torch.from_numpy(values))
