"""Layer normalization of a tile's preactivations (Ba et al. 2016), and its derivatives, as one thread computes them.

With z the preactivations of a sample, m their mean and s = 1 / sqrt(variance + eps), both over the layer's units, the
activation gets gain * n + bias with n = s (z - m). From the derivatives d of the loss by these, and e = gain * d, those
by z are s (e - mean(e) - n mean(e n)).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfumato.training.kernels.jit import inlined
from sfumato.training.kernels.vector_loops import FASTMATH

Vector = NDArray[np.float32]


@inlined(FASTMATH)
def normalize(
    preactivations: Vector, units: int, eps: float, gain: Vector, bias: Vector, normalized: Vector, scales: Vector
) -> None:
    """Replace (samples, stride) preactivations z by gain * n + bias; store n in ``normalized`` and s in ``scales``."""
    count = np.float32(units)
    for k in range(preactivations.shape[0]):
        total, squares = np.float32(0), np.float32(0)
        for i in range(units):
            total += preactivations[k, i]
        mean = total / count
        for i in range(units):
            distance = preactivations[k, i] - mean
            squares += distance * distance
        scale = np.float32(1) / np.sqrt(squares / count + np.float32(eps))
        scales[k] = scale
        for i in range(units):
            value = (preactivations[k, i] - mean) * scale
            normalized[k, i] = value
            preactivations[k, i] = gain[i] * value + bias[i]


@inlined(FASTMATH)
def backpropagate(
    deltas: Vector,
    units: int,
    gain: Vector,
    normalized: Vector,
    scales: Vector,
    gain_gradients: Vector,
    bias_gradients: Vector,
) -> None:
    """Replace the derivatives by what the activation got, (samples, stride), by those by preactivations.

    Fill the gradients of gain and bias, summed over samples.
    """
    count = np.float32(units)
    gain_gradients[:units] = np.float32(0)
    bias_gradients[:units] = np.float32(0)
    for k in range(deltas.shape[0]):
        mean, product = np.float32(0), np.float32(0)
        for i in range(units):
            delta, value = deltas[k, i], normalized[k, i]
            gain_gradients[i] += delta * value
            bias_gradients[i] += delta
            mean += gain[i] * delta
            product += gain[i] * delta * value
        mean /= count
        product /= count
        scale = scales[k]
        for i in range(units):
            deltas[k, i] = scale * (gain[i] * deltas[k, i] - mean - normalized[k, i] * product)
