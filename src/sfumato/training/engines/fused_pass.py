"""A tile of samples on its way through the network and back, as one thread computes it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sfumato.training.engines.compiled_activation import apply
from sfumato.training.engines.compiled_error import Errors, answer, output_error
from sfumato.training.engines.fused_layout import TILE, Field
from sfumato.training.engines.memory import matrix
from sfumato.training.engines.online_loops import FASTMATH
from sfumato.training.kernels.jit import inlined
from sfumato.training.kernels.products import multiply, multiply_transposed

# Numba takes plain integers as constants, not members of an enumeration.
_FAN_IN, _FAN_OUT, _ROWS, _COLUMNS = int(Field.FAN_IN), int(Field.FAN_OUT), int(Field.ROWS), int(Field.COLUMNS)
_WEIGHTS, _TURNED, _INPUTS, _SLOPES = int(Field.WEIGHTS), int(Field.TURNED), int(Field.INPUTS), int(Field.SLOPES)
_ADDS, _JOINED = int(Field.ADDS), int(Field.JOINED)


class Network(NamedTuple):
    """The network as one thread has it. Addresses are in bytes."""

    table: NDArray[np.int64]
    """(layers, fields) of `Layout`."""
    weights: int
    turned: int
    memory: int
    """The thread's own."""
    scratch: int
    """Three vectors of ``widest`` for each sample of a tile, in the thread's own memory."""
    widest: int
    activation: int
    """Address of the activation's compiled loop."""
    parameters: int
    """Address of the activation's parameters, float32."""
    one: float
    """What stands after the last input of a layer: 1, or 0 where there are no biases."""


@njit(nogil=True)
def forward(net: Network, samples: int) -> int:
    """From the inputs of the first layer to the outputs, whose address is returned; they lie COLUMNS apart.

    Leaves the inputs of every layer and the slopes that made them. ``samples`` is at most `TILE`.
    """
    layers = len(net.table)
    out = net.scratch
    for k in range(layers):
        row = net.table[k]
        inputs, rows = net.memory + 4 * row[_INPUTS], row[_ROWS]
        apart = net.table[k + 1, _ROWS] if k < layers - 1 else row[_COLUMNS]
        weights = net.weights + 4 * row[_WEIGHTS]
        multiply(samples, row[_FAN_OUT], row[_FAN_IN] + 1, inputs, rows, weights, row[_COLUMNS], out, apart, 0)
        if k < layers - 1:
            values, slopes = net.memory + 4 * net.table[k + 1, _INPUTS], net.memory + 4 * net.table[k + 1, _SLOPES]
            apply(net.activation, out, values, slopes, samples * apart, net.parameters)
            above = matrix(values, samples, apart)
            if row[_ADDS] != 0:
                _add(above, matrix(inputs, samples, rows), row[_FAN_OUT])
            features = matrix(net.memory + 4 * net.table[0, _INPUTS], samples, net.table[0, _ROWS])
            _fill_up(above, row[_FAN_OUT], features, net.table[k + 1, _JOINED], np.float32(net.one))
    return out


@njit(nogil=True)
def _add(outputs: NDArray[np.float32], inputs: NDArray[np.float32], units: int) -> None:
    for s in range(outputs.shape[0]):
        for i in range(units):
            outputs[s, i] += inputs[s, i]


@njit(nogil=True)
def _fill_up(
    inputs: NDArray[np.float32], units: int, features: NDArray[np.float32], joined: int, one: np.float32
) -> None:
    # The activation was applied to whole rows: to what fills them up as well.
    for s in range(inputs.shape[0]):
        for i in range(joined):
            inputs[s, units + i] = features[s, i]
        inputs[s, units + joined] = one
        for i in range(units + joined + 1, inputs.shape[1]):
            inputs[s, i] = np.float32(0)


@njit(nogil=True)
def backward(net: Network, samples: int, gradients: int, add: int) -> None:
    """From the deltas behind the scratch's first vector down; the sums over the samples go to ``gradients``.

    ``add`` not 0: are added to what is there. Deltas are the loss's derivatives by a layer's sums, errors those by its
    outputs, which are the next layer's inputs.
    """
    one_vector = 4 * TILE * net.widest
    deltas, errors = net.scratch + one_vector, net.scratch + 2 * one_vector
    for k in range(len(net.table) - 1, -1, -1):
        row = net.table[k]
        inputs, rows, columns = net.memory + 4 * row[_INPUTS], row[_ROWS], row[_COLUMNS]
        apart = net.table[k + 1, _ROWS] if k < len(net.table) - 1 else columns
        to = gradients + 4 * row[_WEIGHTS]
        multiply_transposed(row[_FAN_IN] + 1, row[_FAN_OUT], samples, inputs, rows, deltas, apart, to, columns, add)
        if k > 0:
            turned, units = net.turned + 4 * row[_TURNED], net.table[k - 1, _FAN_OUT]
            # A layer that adds its inputs to its outputs passes the errors of these down as they are, besides.
            multiply(samples, units, row[_FAN_OUT], deltas, apart, turned, rows, errors, rows, row[_ADDS])
            slopes = matrix(net.memory + 4 * row[_SLOPES], samples, rows)
            _through(matrix(errors, samples, rows), slopes, matrix(deltas, samples, rows), units)


@njit(nogil=True)
def _through(errors: NDArray[np.float32], slopes: NDArray[np.float32], deltas: NDArray[np.float32], units: int) -> None:
    for s in range(deltas.shape[0]):
        for i in range(units):
            deltas[s, i] = errors[s, i] * slopes[s, i]
        # Nothing may come into the gradients where the weights are filled up.
        for i in range(units, deltas.shape[1]):
            deltas[s, i] = np.float32(0)


@inlined(FASTMATH)
def output_errors(
    net: Network, errors: Errors, outputs: int, targets: NDArray[np.float32], pixels: NDArray[np.int64], share: float
) -> tuple[float, float]:
    """Fill the output layer's deltas, each times ``share``; returns the sums of losses and squared errors.

    ``outputs``: address of those of the ``pixels``, indices into ``targets``.
    """
    columns, channels = net.table[-1, _COLUMNS], net.table[-1, _FAN_OUT]
    sums = matrix(outputs, len(pixels), columns)
    deltas = matrix(net.scratch + 4 * TILE * net.widest, len(pixels), columns)
    part = np.float32(share)
    loss, squared = 0.0, 0.0
    for s in range(len(pixels)):
        for j in range(channels):
            delta, of_loss, of_squared = output_error(errors, sums[s, j], targets[pixels[s], j])
            deltas[s, j] = part * delta
            loss += of_loss
            squared += of_squared
        for j in range(channels, columns):
            deltas[s, j] = np.float32(0)
    return loss, squared


@njit(nogil=True, error_model="numpy")
def keep_answers(
    net: Network, errors: Errors, outputs: int, kept: NDArray[np.float32], pixels: NDArray[np.int64]
) -> None:
    """Leave the answers, whose sums are at ``outputs``, in the rows of ``kept`` that belong to the ``pixels``."""
    sums = matrix(outputs, len(pixels), net.table[-1, _COLUMNS])
    for s in range(len(pixels)):
        for j in range(kept.shape[1]):
            kept[pixels[s], j] = answer(errors.squash, sums[s, j])


@njit(nogil=True)
def take_in(net: Network, features: NDArray[np.float32], pixels: NDArray[np.int64]) -> None:
    """Put the features of some pixels in the place of the first layer's inputs."""
    inputs = matrix(net.memory + 4 * net.table[0, _INPUTS], len(pixels), net.table[0, _ROWS])
    for s in range(len(pixels)):
        for i in range(features.shape[1]):
            inputs[s, i] = features[pixels[s], i]
