"""The replica's kernel as first written: a fixed baseline for speeds, whatever changes in the replica.

It is the 2012 program's arithmetic in plain Numba: float64, no fast-math, sums in the order of the Java program.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@njit(cache=True, nogil=True)
def forward(weights: Floats, sizes: Ints, slope: float, preactivations: Floats, units: Floats) -> None:
    """Fill ``preactivations`` and ``units``: all layers' preactivations and outputs, one layer after another.

    The first ``sizes[0]`` of ``units`` are the inputs and must be set already.
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
            units[first + j] = total if total >= 0 or layer == layers - 1 else slope * total
            w += fan_in + 1
        first += fan_out


@njit(cache=True, nogil=True)
def backward(
    weights: Floats, sizes: Ints, slope: float, preactivations: Floats, units: Floats, deltas: Floats, rates: Floats
) -> None:
    """Pass ``deltas`` down from the output's (target - output) and update the weights of every layer on the way.

    ``rates`` holds each layer's learning rate. Errors pass through a weight before its own update.
    """
    layers = len(sizes) - 1
    w, first = len(weights), len(units) - sizes[layers]
    for layer in range(layers - 1, -1, -1):
        fan_in, fan_out = sizes[layer], sizes[layer + 1]
        rate = rates[layer]
        w -= fan_out * (fan_in + 1)
        x = units[first - fan_in : first]
        passed = deltas[first - fan_in : first]
        passed[:] = 0.0
        for j in range(fan_out):
            delta = deltas[first + j]
            if layer < layers - 1 and not preactivations[first + j] >= 0:
                delta *= slope
            row = weights[w + j * (fan_in + 1) : w + (j + 1) * (fan_in + 1)]
            for i in range(fan_in):
                passed[i] += delta * row[i]
                row[i] += x[i] * delta * rate
            row[fan_in] += delta * rate
        first -= fan_in


@njit(cache=True, nogil=True)
def train(
    weights: Floats,
    sizes: Ints,
    slope: float,
    layer_rates: Floats,
    inputs: Floats,
    targets: Floats,
    pixels: Ints,
    factors: Floats,
) -> float:
    """Take one step for each of ``pixels``; return the sum of the squared errors, each measured before its own step."""
    units = np.empty(sizes.sum())
    preactivations = np.empty(len(units))
    deltas = np.empty(len(units))
    first = len(units) - sizes[-1]
    squared_error = 0.0
    for step in range(len(pixels)):
        pixel = pixels[step]
        for i in range(sizes[0]):
            units[i] = inputs[pixel, i]
        forward(weights, sizes, slope, preactivations, units)
        for j in range(sizes[-1]):
            delta = targets[pixel, j] - units[first + j]
            deltas[first + j] = delta
            squared_error += delta * delta
        backward(weights, sizes, slope, preactivations, units, deltas, layer_rates * factors[step])
    return squared_error
