"""Weight normalization (Salimans and Kingma 2016): products use w = g v / |v|, and optimizers update g and v.

The trained block holds v in place of the weights, and g in the row after the biases; `Network.weights` is a block of
its own. From the gradient by w those by g and v are (w . v) / |v| and g / |v| (dw - dg v / |v|), which is linear: each
thread transforms its own gradients before they are added up.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from sfumato.training.engines.fused.forward_backward import Network, layer_table
from sfumato.training.engines.fused.layout import Field
from sfumato.training.engines.fused.reduction import share
from sfumato.training.kernels.memory import matrix, vector

_FAN_IN, _FAN_OUT, _ROWS, _COLUMNS = int(Field.FAN_IN), int(Field.FAN_OUT), int(Field.ROWS), int(Field.COLUMNS)
_WEIGHTS, _WEIGHTS_T = int(Field.WEIGHTS), int(Field.WEIGHTS_T)


@njit(nogil=True)
def is_normalized(net: Network) -> bool:
    """Return whether the network's weights are normalized."""
    return net.trained != net.weights


@njit(nogil=True, error_model="numpy")
def normalize_weights(net: Network, rank: int, threads: int) -> None:
    """Compute a thread's share of all layers' weights from the trained numbers, a range of the units each."""
    table = layer_table(net)
    for k in range(net.layers):
        row = table[k]
        fan_in, rows, columns = row[_FAN_IN], row[_ROWS], row[_COLUMNS]
        begin, end = share(columns, rank, threads)
        end = min(end, row[_FAN_OUT])
        trained = matrix(net.trained + 4 * row[_WEIGHTS], rows, columns)
        weights = matrix(net.weights + 4 * row[_WEIGHTS], rows, columns)
        factors = vector(net.scratch, columns)
        for j in range(begin, end):
            factors[j] = np.float32(0)
        for i in range(fan_in):
            for j in range(begin, end):
                factors[j] += trained[i, j] * trained[i, j]
        for j in range(begin, end):
            factors[j] = trained[fan_in + 1, j] / np.sqrt(factors[j])
            weights[fan_in, j] = trained[fan_in, j]
        for i in range(fan_in):
            for j in range(begin, end):
                weights[i, j] = factors[j] * trained[i, j]
        if k > 0 or net.encoder != 0:
            weights_t = matrix(net.weights_t + 4 * row[_WEIGHTS_T], columns, rows)
            for j in range(begin, end):
                for i in range(fan_in):
                    weights_t[j, i] = weights[i, j]


@njit(nogil=True, error_model="numpy")
def transform_gradients(net: Network, gradients: int) -> None:
    """Turn a thread's gradients of all layers' weights, at an address, into those of the trained numbers."""
    table = layer_table(net)
    for k in range(net.layers):
        row = table[k]
        fan_in, units, rows, columns = row[_FAN_IN], row[_FAN_OUT], row[_ROWS], row[_COLUMNS]
        trained = matrix(net.trained + 4 * row[_WEIGHTS], rows, columns)
        by_weights = matrix(gradients + 4 * row[_WEIGHTS], rows, columns)
        inverses, by_gain = vector(net.scratch, columns), by_weights[fan_in + 1]
        for j in range(units):
            inverses[j] = np.float32(0)
            by_gain[j] = np.float32(0)
        for i in range(fan_in):
            for j in range(units):
                inverses[j] += trained[i, j] * trained[i, j]
                by_gain[j] += trained[i, j] * by_weights[i, j]
        for j in range(units):
            inverses[j] = np.float32(1) / np.sqrt(inverses[j])
            by_gain[j] *= inverses[j]
        gain = trained[fan_in + 1]
        for i in range(fan_in):
            for j in range(units):
                along = by_gain[j] * inverses[j] * trained[i, j]
                by_weights[i, j] = gain[j] * inverses[j] * (by_weights[i, j] - along)
