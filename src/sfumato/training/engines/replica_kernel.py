"""The training step and the forward pass of the 2012 program, loop for loop.

This is the reference for the results and the speed of other engines, so it stays plain: no fast-math, no
blocking, products and sums in the order in which the Java program took them. A layer's weights lie row by row in one
vector, each row its fan_in weights and then its bias; the layers follow one another from input to output.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfumato.training.kernels.jit import kernel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@kernel()
def forward(weights: Floats, sizes: Ints, negative_slope: float, preactivations: Floats, units: Floats) -> None:
    """Fill ``preactivations`` and ``units``: the preactivations and outputs of all layers, one after another.

    The first ``sizes[0]`` of ``units`` are the inputs, which the caller sets.
    """
    layers = len(sizes) - 1
    w, first = 0, sizes[0]
    for layer in range(layers):
        fan_in, fan_out = sizes[layer], sizes[layer + 1]
        x = units[first - fan_in : first]
        for j in range(fan_out):
            row = weights[w : w + fan_in + 1]
            total = 0.0
            for i in range(fan_in):
                total += row[i] * x[i]
            total += row[fan_in]
            preactivations[first + j] = total
            units[first + j] = total if total >= 0 or layer == layers - 1 else negative_slope * total
            w += fan_in + 1
        first += fan_out


@kernel()
def backward(
    weights: Floats,
    sizes: Ints,
    negative_slope: float,
    preactivations: Floats,
    units: Floats,
    deltas: Floats,
    rates: Floats,
) -> None:
    """Backpropagate ``deltas`` from those of the outputs (target - output), and update the weights of every layer.

    ``rates`` holds each layer's learning rate. Deltas pass through each weight before its update.
    """
    layers = len(sizes) - 1
    w, first = len(weights), len(units) - sizes[layers]
    for layer in range(layers - 1, -1, -1):
        fan_in, fan_out = sizes[layer], sizes[layer + 1]
        rate = rates[layer]
        w -= fan_out * (fan_in + 1)
        x = units[first - fan_in : first]
        below = deltas[first - fan_in : first]
        below[:] = 0.0
        for j in range(fan_out):
            delta = deltas[first + j]
            if layer < layers - 1 and not preactivations[first + j] >= 0:
                delta *= negative_slope
            row = weights[w + j * (fan_in + 1) : w + (j + 1) * (fan_in + 1)]
            for i in range(fan_in):
                below[i] += delta * row[i]
                row[i] += x[i] * delta * rate
            row[fan_in] += delta * rate
        first -= fan_in


@kernel()
def train(
    weights: Floats,
    sizes: Ints,
    negative_slope: float,
    layer_rates: Floats,
    inputs: Floats,
    targets: Floats,
    pixels: Ints,
    factors: Floats,
) -> float:
    """Take one step for each of ``pixels``; return the sum of the squared errors, each before its own step."""
    units = np.empty(sizes.sum())
    preactivations = np.empty(len(units))
    deltas = np.empty(len(units))
    first = len(units) - sizes[-1]
    squared_error = 0.0
    for step in range(len(pixels)):
        pixel = pixels[step]
        for i in range(sizes[0]):
            units[i] = inputs[pixel, i]
        forward(weights, sizes, negative_slope, preactivations, units)
        for j in range(sizes[-1]):
            delta = targets[pixel, j] - units[first + j]
            deltas[first + j] = delta
            squared_error += delta * delta
        backward(weights, sizes, negative_slope, preactivations, units, deltas, layer_rates * factors[step])
    return squared_error


@kernel()
def outputs(weights: Floats, sizes: Ints, negative_slope: float, inputs: Floats, out: Floats) -> None:
    """Fill ``out`` (M, C) with the outputs for ``inputs`` (M, 2)."""
    units = np.empty(sizes.sum())
    preactivations = np.empty(len(units))
    first = len(units) - sizes[-1]
    for sample in range(len(inputs)):
        for i in range(sizes[0]):
            units[i] = inputs[sample, i]
        forward(weights, sizes, negative_slope, preactivations, units)
        for j in range(sizes[-1]):
            out[sample, j] = units[first + j]
