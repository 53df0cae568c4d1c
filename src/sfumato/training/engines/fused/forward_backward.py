"""The forward and the backward pass of a tile of samples, as one thread computes them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numba.np.unsafe import ndarray
from numpy.typing import NDArray

from sfumato.training.engines.compiled_activation import apply
from sfumato.training.engines.compiled_loss import LossSpec, output_losses, output_of
from sfumato.training.engines.fused.encoder import encode, encoder_at, scatter_gradients
from sfumato.training.engines.fused.layer_norm import backpropagate, normalize
from sfumato.training.engines.fused.layout import TILE, Field
from sfumato.training.kernels.jit import inlined
from sfumato.training.kernels.memory import integer_matrix, integers, matrix, vector
from sfumato.training.kernels.products import multiply, multiply_transposed
from sfumato.training.kernels.vector_loops import FASTMATH

# Numba takes plain integers as constants, not members of an enumeration.
_FAN_IN, _FAN_OUT, _ROWS, _COLUMNS = int(Field.FAN_IN), int(Field.FAN_OUT), int(Field.ROWS), int(Field.COLUMNS)
_WEIGHTS, _WEIGHTS_T, _INPUTS = int(Field.WEIGHTS), int(Field.WEIGHTS_T), int(Field.INPUTS)
_ACTIVATION_GRADS, _STRIDE = int(Field.ACTIVATION_GRADS), int(Field.STRIDE)
_ADDS, _CONCATENATES, _JOINED = int(Field.ADDS), int(Field.CONCATENATES), int(Field.JOINED)
_FILTER, _FILTER_GRADS = int(Field.FILTER), int(Field.FILTER_GRADS)
_EPSILON, _NORMALIZED, _SCALES = int(Field.EPSILON), int(Field.NORMALIZED), int(Field.SCALES)
_ACTIVATION, _ACTIVATION_PARAMETERS = int(Field.ACTIVATION), int(Field.ACTIVATION_PARAMETERS)
_TABLE_COLUMNS = len(Field)
_to_fixed_tuple: Any = ndarray.to_fixed_tuple


class Network(NamedTuple):
    """The network in the form that a thread takes. Addresses are in bytes."""

    table: int
    """Address of the (layers, fields) table of `Layout`."""
    layers: int
    trained: int
    """Address of the block that the optimizer updates."""
    weights: int
    """Address of the block by which inputs are multiplied: the same, unless weights are normalized."""
    weights_t: int
    memory: int
    """Address of the thread's own memory."""
    scratch: int
    """Address of three vectors of ``widest`` for each sample of a tile, in the thread's own memory."""
    widest: int
    biases: int
    """1 if units have biases, else 0: the value after the last input of a layer."""
    encoder: int
    """Address of the `EncoderContext` of an encoding that is trained, else 0."""
    coordinates: int
    """Address of a tile's coordinates in the thread's own memory, where there is an encoder."""
    input_grads: int
    """Address of the loss's derivatives by the encoder's outputs, in the thread's own memory."""


_FIELDS = len(Network._fields)


@njit(nogil=True)
def network_at(address: int) -> Network:
    """Return the network stored as int64 at an address."""
    return Network(*_to_fixed_tuple(integers(address, _FIELDS), _FIELDS))


@njit(nogil=True)
def layer_table(net: Network) -> NDArray[np.int64]:
    """Return the (layers, fields) table of `Layout`."""
    return integer_matrix(net.table, net.layers, _TABLE_COLUMNS)


@njit(nogil=True)
def gather_inputs(net: Network, inputs: NDArray[np.float32], pixels: NDArray[np.int64]) -> None:
    """Fill the first layer's inputs for some pixels, indices into ``inputs``.

    ``inputs`` (N, F) are the encoded coordinates, or (N, D) the coordinates where there is an encoder.
    """
    row = layer_table(net)[0]
    first = net.memory + 4 * row[_INPUTS]
    if net.encoder == 0:
        _gather(inputs, pixels, matrix(first, len(pixels), row[_ROWS]))
    else:
        _gather(inputs, pixels, matrix(net.coordinates, len(pixels), inputs.shape[1]))
        encode(encoder_at(net.encoder), net.coordinates, len(pixels), first, row[_ROWS])


@njit(nogil=True)
def _gather(inputs: NDArray[np.float32], pixels: NDArray[np.int64], out: NDArray[np.float32]) -> None:
    for s in range(len(pixels)):
        for i in range(inputs.shape[1]):
            out[s, i] = inputs[pixels[s], i]


@njit(nogil=True)
def forward(net: Network, samples: int) -> int:
    """Compute the last layer's preactivations and return their address.

    Also store the inputs of every layer and the activations' derivatives. ``samples`` is at most `TILE`.
    """
    layers, table = net.layers, layer_table(net)
    out, apart = net.scratch, net.scratch + 8 * TILE * net.widest
    for k in range(layers):
        row = table[k]
        inputs, rows, stride = net.memory + 4 * row[_INPUTS], row[_ROWS], row[_STRIDE]
        weights = net.weights + 4 * row[_WEIGHTS]
        multiply(samples, row[_FAN_OUT], row[_FAN_IN] + 1, inputs, rows, weights, row[_COLUMNS], out, stride, 0)
        if k < layers - 1:
            above = table[k + 1]
            next_inputs = matrix(net.memory + 4 * above[_INPUTS], samples, above[_ROWS])
            values = net.memory + 4 * above[_INPUTS] if above[_JOINED] == 0 else apart
            activation_grads = net.memory + 4 * above[_ACTIVATION_GRADS]
            if row[_EPSILON] != 0:
                gain, bias, normalized, scales = _normalization(net, row, samples)
                eps = vector(row[_EPSILON], 1)[0]
                normalize(matrix(out, samples, stride), row[_FAN_OUT], eps, gain, bias, normalized, scales)
            if row[_FILTER] != 0:
                _filter(net, row, samples, out, values, activation_grads)
            else:
                apply(row[_ACTIVATION], out, values, activation_grads, samples * stride, row[_ACTIVATION_PARAMETERS])
            if row[_ADDS] != 0:
                _add(next_inputs, matrix(inputs, samples, rows), row[_FAN_OUT])
            if above[_JOINED] > 0:
                source = row if row[_CONCATENATES] != 0 else table[0]
                joined = matrix(net.memory + 4 * source[_INPUTS], samples, source[_ROWS])
                _join(next_inputs, matrix(values, samples, stride), row[_FAN_OUT], joined, above[_JOINED])
            _fill_padding(next_inputs, above[_FAN_IN], np.float32(net.biases))
    return out


@njit(nogil=True)
def _filter(net: Network, row: NDArray[np.int64], samples: int, out: int, values: int, activation_grads: int) -> None:
    """Multiply a layer's products at ``out`` by its filters; store the results at ``values``.

    Store the derivatives by the products, which are the filters, at ``activation_grads``, and those by the filters'
    products, too.
    """
    first, stride, columns = layer_table(net)[0], row[_STRIDE], row[_COLUMNS]
    weights = net.weights + 4 * (row[_WEIGHTS] + (row[_FAN_IN] + 1) * columns)
    products, grads = net.scratch + 4 * TILE * net.widest, net.memory + 4 * row[_FILTER_GRADS]
    encoded, rows = net.memory + 4 * first[_INPUTS], first[_ROWS]
    multiply(samples, row[_FAN_OUT], row[_FILTER], encoded, rows, weights, columns, products, stride, 0)
    apply(row[_ACTIVATION], products, activation_grads, grads, samples * stride, row[_ACTIVATION_PARAMETERS])
    linear, filters = vector(out, samples * stride), vector(activation_grads, samples * stride)
    by_products, filtered = vector(grads, samples * stride), vector(values, samples * stride)
    for i in range(samples * stride):
        filtered[i] = linear[i] * filters[i]
        by_products[i] *= linear[i]


@njit(nogil=True)
def _normalization(
    net: Network, row: NDArray[np.int64], samples: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return a layer's gain and bias, its normalized preactivations, and the inverses of their standard deviations."""
    columns = row[_COLUMNS]
    gain = net.weights + 4 * (row[_WEIGHTS] + (row[_FAN_IN] + 1) * columns)
    normalized = matrix(net.memory + 4 * row[_NORMALIZED], samples, row[_STRIDE])
    scales = vector(net.memory + 4 * row[_SCALES], samples)
    return vector(gain, columns), vector(gain + 4 * columns, columns), normalized, scales


@njit(nogil=True)
def _add(outputs: NDArray[np.float32], inputs: NDArray[np.float32], units: int) -> None:
    for s in range(outputs.shape[0]):
        for i in range(units):
            outputs[s, i] += inputs[s, i]


@njit(nogil=True)
def _join(
    inputs: NDArray[np.float32], outputs: NDArray[np.float32], units: int, joined: NDArray[np.float32], count: int
) -> None:
    for s in range(inputs.shape[0]):
        for i in range(units):
            inputs[s, i] = outputs[s, i]
        for i in range(count):
            inputs[s, units + i] = joined[s, i]


@njit(nogil=True)
def _fill_padding(inputs: NDArray[np.float32], fan_in: int, one: np.float32) -> None:
    # The activation was applied to whole rows, including their padding.
    for s in range(inputs.shape[0]):
        inputs[s, fan_in] = one
        for i in range(fan_in + 1, inputs.shape[1]):
            inputs[s, i] = np.float32(0)


@njit(nogil=True)
def backward(net: Network, samples: int, gradients: int, add: int, encoder_gradients: int, touched: int) -> None:
    """Backpropagate the last layer's deltas; write gradients, summed over samples, to the address ``gradients``.

    Deltas are the loss's derivatives by a layer's preactivations, errors those by its inputs. The last layer's deltas
    follow the scratch's first vector. If ``add`` is not 0, gradients are added to those in memory. Those of an encoder
    are always added, at ``encoder_gradients``, and their pages marked at ``touched``.
    """
    one_vector, table = 4 * TILE * net.widest, layer_table(net)
    deltas, errors = net.scratch + one_vector, net.scratch + 2 * one_vector
    last, first_rows, add_to_input_grads = net.layers - 1, table[0, _ROWS], 0
    for k in range(last, -1, -1):
        row = table[k]
        inputs, rows, columns, stride = net.memory + 4 * row[_INPUTS], row[_ROWS], row[_COLUMNS], row[_STRIDE]
        layer_gradients = gradients + 4 * row[_WEIGHTS]
        # The outputs, which were there, are no longer needed.
        by_gain, by_bias = vector(net.scratch, columns), vector(net.scratch + 4 * columns, columns)
        if row[_EPSILON] != 0:
            gain, _, normalized, scales = _normalization(net, row, samples)
            units_deltas = matrix(deltas, samples, stride)
            backpropagate(units_deltas, row[_FAN_OUT], gain, normalized, scales, by_gain, by_bias)
        multiply_transposed(
            row[_FAN_IN] + 1, row[_FAN_OUT], samples, inputs, rows, deltas, stride, layer_gradients, columns, add
        )
        if row[_EPSILON] != 0:
            # Afterwards, because the product may fill some rows after the bias's with zeros.
            _store(vector(layer_gradients + 4 * (row[_FAN_IN] + 1) * columns, columns), by_gain, row[_FAN_OUT], add)
            _store(vector(layer_gradients + 4 * (row[_FAN_IN] + 2) * columns, columns), by_bias, row[_FAN_OUT], add)
        weights_t = net.weights_t + 4 * row[_WEIGHTS_T]
        if row[_FILTER] != 0:
            grads, after_bias = net.memory + 4 * row[_FILTER_GRADS], row[_FAN_IN] + 1
            further, encoded = layer_gradients + 4 * after_bias * columns, net.memory + 4 * table[0, _INPUTS]
            multiply_transposed(
                row[_FILTER], row[_FAN_OUT], samples, encoded, first_rows, grads, stride, further, columns, add
            )
            if net.encoder != 0:
                features, frequencies_t, out = row[_FILTER] - 1, weights_t + 4 * after_bias, net.input_grads
                multiply(
                    samples,
                    features,
                    row[_FAN_OUT],
                    grads,
                    stride,
                    frequencies_t,
                    rows,
                    out,
                    first_rows,
                    add_to_input_grads,
                )
                add_to_input_grads = 1
        # A layer that adds its inputs to its outputs, or concatenates both, also passes their errors down unchanged.
        # Those of concatenated inputs follow the outputs' in memory.
        keeps = 1 if k < last and row[_ADDS] + row[_CONCATENATES] > 0 else 0
        if k < last and row[_CONCATENATES] != 0:
            errors += 4 * row[_FAN_OUT]
        if k > 0:
            below = table[k - 1]
            needed = units = below[_FAN_OUT]
            if row[_JOINED] > 0 and below[_CONCATENATES] != 0:
                # Errors by the encoded coordinates, which come last, have a use only where an encoding is trained.
                needed = row[_FAN_IN] if net.encoder != 0 else row[_FAN_IN] - table[0, _FAN_IN]
            elif row[_JOINED] > 0 and net.encoder != 0:
                joined, joined_weights_t, grads = row[_JOINED], weights_t + 4 * units, net.input_grads
                multiply(samples, joined, row[_FAN_OUT], deltas, stride, joined_weights_t, rows, grads, first_rows, 0)
                add_to_input_grads = 1
            multiply(samples, needed, row[_FAN_OUT], deltas, stride, weights_t, rows, errors, net.widest, keeps)
            if below[_FILTER] != 0:
                by_products = matrix(net.memory + 4 * below[_FILTER_GRADS], samples, below[_STRIDE])
                _multiply_by_derivatives(matrix(errors, samples, net.widest), by_products, by_products, units)
            activation_grads = net.memory + 4 * row[_ACTIVATION_GRADS]
            _multiply_by_derivatives(
                matrix(errors, samples, net.widest),
                matrix(activation_grads, samples, below[_STRIDE]),
                matrix(deltas, samples, below[_STRIDE]),
                units,
            )
        elif net.encoder != 0:
            grads, grads_stride = (errors, net.widest) if keeps != 0 else (net.input_grads, rows)
            add_grads = max(keeps, add_to_input_grads)
            multiply(
                samples, row[_FAN_IN], row[_FAN_OUT], deltas, stride, weights_t, rows, grads, grads_stride, add_grads
            )
            encoder = encoder_at(net.encoder)
            scatter_gradients(encoder, net.coordinates, samples, grads, grads_stride, encoder_gradients, touched)


@njit(nogil=True)
def _store(out: NDArray[np.float32], values: NDArray[np.float32], count: int, add: int) -> None:
    for i in range(count):
        out[i] = values[i] if add == 0 else out[i] + values[i]


@njit(nogil=True)
def _multiply_by_derivatives(
    errors: NDArray[np.float32], activation_grads: NDArray[np.float32], deltas: NDArray[np.float32], units: int
) -> None:
    for s in range(deltas.shape[0]):
        for i in range(units):
            deltas[s, i] = errors[s, i] * activation_grads[s, i]
        # The gradients of the weights' padding must stay 0.
        for i in range(units, deltas.shape[1]):
            deltas[s, i] = np.float32(0)


@inlined(FASTMATH)
def output_deltas(
    net: Network,
    loss_spec: LossSpec,
    preactivations: int,
    targets: NDArray[np.float32],
    pixels: NDArray[np.int64],
    sample_weights: NDArray[np.float32],
    factor: float,
) -> tuple[float, float]:
    """Fill the last layer's deltas, each times ``factor``; return the sums of losses and squared errors.

    ``preactivations``: address of those of the ``pixels``, indices into ``targets``. ``sample_weights``: those of the
    pixels, or none at all.
    """
    last = layer_table(net)[net.layers - 1]
    columns, channels = last[_COLUMNS], last[_FAN_OUT]
    values = matrix(preactivations, len(pixels), columns)
    deltas = matrix(net.scratch + 4 * TILE * net.widest, len(pixels), columns)
    loss, squared = output_losses(
        loss_spec, values, targets.ctypes.data, pixels, sample_weights, deltas, np.float32(factor)
    )
    for s in range(len(pixels)):
        for j in range(channels, columns):
            deltas[s, j] = np.float32(0)
    return loss, squared


@njit(nogil=True, error_model="numpy")
def store_outputs(
    net: Network, sigmoid_output: bool, preactivations: int, outputs: NDArray[np.float32], rows: NDArray[np.int64]
) -> None:
    """Write the outputs for some preactivations to these ``rows`` of ``outputs`` (M, C), as far as it has them."""
    last = layer_table(net)[net.layers - 1]
    values = matrix(preactivations, len(rows), last[_COLUMNS])
    for s in range(len(rows)):
        if rows[s] >= len(outputs):
            continue
        for j in range(outputs.shape[1]):
            outputs[rows[s], j] = output_of(sigmoid_output, values[s, j])
