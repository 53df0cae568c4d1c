"""One step of stochastic gradient descent with one sample, as each thread executes it.

A step's time goes into reading the weights from the second-level cache and writing them back. They are therefore
written in one of `RANK` steps only. The steps before it store their updates as pairs of vectors, whose outer products
the updates are, and correct products with the matrix that does not contain them: (W - a^T b) x = W x - a^T (b x), which
costs a few vectors' work. The last step writes all pending updates in a pass that it makes anyway. Every sample still
sees the weights that all samples before it left.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sfumato.training.engines.barrier import arrive_and_wait
from sfumato.training.engines.compiled_activation import apply
from sfumato.training.engines.compiled_loss import LossSpec, output_losses, output_of
from sfumato.training.engines.online.shard import Field
from sfumato.training.kernels.jit import inlined
from sfumato.training.kernels.memory import integer, matrix, vector
from sfumato.training.kernels.vector_code import WIDTH
from sfumato.training.kernels.vector_loops import (
    FASTMATH,
    RANK,
    add,
    clear,
    combine,
    combine_update,
    correct,
    dots,
    dots_update,
    multiply,
    project,
    scale,
    subtract,
    update,
)

# Numba takes plain integers as constants, not members of an enumeration.
_BY_INPUT, _GROUPS, _LINES = int(Field.BY_INPUT), int(Field.GROUPS), int(Field.LINES)
_EXCHANGE_UP, _EXCHANGE_DOWN = int(Field.EXCHANGE_UP), int(Field.EXCHANGE_DOWN)
_MATRIX, _BIAS, _UNITS, _FAN_IN = int(Field.MATRIX), int(Field.BIAS), int(Field.UNITS), int(Field.FAN_IN)
_PREACTIVATIONS, _ACTIVATION_GRADS = int(Field.PREACTIVATIONS), int(Field.ACTIVATION_GRADS)
_DELTAS, _STEPS, _INPUTS = int(Field.DELTAS), int(Field.STEPS), int(Field.INPUTS)
_ACTIVATION, _ACTIVATION_PARAMETERS = int(Field.ACTIVATION), int(Field.ACTIVATION_PARAMETERS)
_FIELDS = len(Field)

_FIRST = np.zeros(1, np.int64)
"""The one sample of a step, among the targets of a step."""


class Network(NamedTuple):
    """One thread's shard of the network, and what it shares with the other threads. Addresses are in bytes."""

    rank: int
    threads: int
    block: int
    """Address of the shard's memory."""
    layers: int
    table: int
    """Address of the (layers, fields) table of `Shard`."""
    rates: int
    """Address of every layer's learning rate in this step, float32."""
    target: int
    """Address of the sample's target, float32."""
    factors: int
    """Address of memory for one float32 per step whose updates may be pending."""
    zeros: int
    """Address of a vector of zeros."""
    counts: int
    """Address of the barrier's counters."""
    exchange: int
    """Address of (2, threads, width) float32. The halves alternate: another thread may still read one of them."""
    width: int
    biases: bool


@inlined(FASTMATH)
def _field(net: Network, layer: int, field: int) -> int:
    return integer(net.table + 8 * (layer * _FIELDS + field))


@inlined(FASTMATH)
def _at(net: Network, layer: int, field: int) -> int:
    return net.block + 4 * _field(net, layer, field)


@inlined(FASTMATH)
def sample_inputs(net: Network) -> int:
    """Return the address of the first layer's inputs."""
    return _at(net, 0, _INPUTS)


@inlined(FASTMATH)
def _lines(count: int) -> int:
    return (count + WIDTH - 1) // WIDTH


@inlined(FASTMATH)
def _partial_sums(net: Network, phase: int) -> int:
    # Address of this thread's partial sums for the barrier after ``phase`` earlier ones.
    return net.exchange + 4 * net.width * ((phase & 1) * net.threads + net.rank)


@inlined(FASTMATH)
def _wait_and_add(net: Network, phase: int, out: int, lines: int) -> bool:
    if not arrive_and_wait(net.counts, net.rank, net.threads, phase + 1):
        return False
    add(out, lines, net.exchange + 4 * net.width * (phase & 1) * net.threads, net.width, net.threads)
    return True


@inlined(FASTMATH)
def _multiply_add(net: Network, k: int, v: int, upwards: bool, out: int, write: bool) -> None:
    # out += the product of the layer's weights with its inputs (upwards) or their transpose's with its deltas.
    m, groups, lines = _at(net, k, _MATRIX), _field(net, k, _GROUPS), _field(net, k, _LINES)
    by_input = _field(net, k, _BY_INPUT) != 0
    steps, stored_inputs = _at(net, k, _STEPS), _at(net, k, _INPUTS)
    steps_width, inputs_width = (
        _lines(_field(net, k, _UNITS)) * WIDTH,
        _lines(_field(net, k, _FAN_IN)) * WIDTH,
    )
    if by_input:
        a, a_width, b, b_width = stored_inputs, inputs_width, steps, steps_width
    else:
        a, a_width, b, b_width = steps, steps_width, stored_inputs, inputs_width
    if by_input == upwards:
        if write:
            combine_update(m, groups, lines, v, out, a, a_width, b, b_width)
        else:
            combine(m, groups, lines, v, out, a, a_width, b, b_width)
    elif write:
        dots_update(m, groups, lines, v, out, a, a_width, b, b_width)
    else:
        dots(m, groups, lines, v, out, a, a_width, b, b_width)


@inlined(FASTMATH)
def forward(net: Network, pending_updates: int, phase: int) -> int:
    """Fill the preactivations, outputs and activation gradients of all layers from `sample_inputs`.

    ``pending_updates``: the number of steps whose updates the matrices do not contain yet; ``phase``: the number of
    barriers so far. Return the new phase, or -1 to give up.
    """
    for k in range(net.layers):
        fan_in, fan_out = _lines(_field(net, k, _FAN_IN)), _lines(_field(net, k, _UNITS))
        stored_inputs, preactivations = _at(net, k, _INPUTS), _at(net, k, _PREACTIVATIONS)
        inputs = stored_inputs + 4 * WIDTH * fan_in * pending_updates if k > 0 else stored_inputs
        exchange = _field(net, k, _EXCHANGE_UP) != 0
        out = _partial_sums(net, phase) if exchange else preactivations
        # Of partial sums only one thread's contain the biases.
        bias = _at(net, k, _BIAS) if net.biases and (net.rank == 0 or not exchange) else net.zeros
        if k > 0:
            project(net.factors, stored_inputs, fan_in, inputs)
            correct(out, fan_out, bias, _at(net, k, _STEPS), net.factors)
        else:
            add(out, fan_out, bias, 0, 1)
        _multiply_add(net, k, inputs, True, out, False)
        if exchange:
            if not _wait_and_add(net, phase, preactivations, fan_out):
                return -1
            phase += 1
        if k < net.layers - 1:
            values = _at(net, k + 1, _INPUTS) + 4 * WIDTH * fan_out * pending_updates
            activation_grads = _at(net, k, _ACTIVATION_GRADS)
            activation, parameters = _field(net, k, _ACTIVATION), _field(net, k, _ACTIVATION_PARAMETERS)
            apply(activation, preactivations, values, activation_grads, _field(net, k, _UNITS), parameters)
    return phase


@inlined(FASTMATH)
def backward(net: Network, pending_updates: int, phase: int) -> int:
    """Backpropagate the last layer's deltas through the weights of `forward`, and update all weights.

    Take and return the same numbers as `forward`.
    """
    for k in range(net.layers - 1, -1, -1):
        fan_in, fan_out = _lines(_field(net, k, _FAN_IN)), _lines(_field(net, k, _UNITS))
        stored_inputs, steps, deltas = _at(net, k, _INPUTS), _at(net, k, _STEPS), _at(net, k, _DELTAS)
        if k > 0:
            # Before this step's update joins the pending ones: deltas pass through the weights that the sample saw.
            project(net.factors, steps, fan_out, deltas)
        step = steps + 4 * WIDTH * fan_out * pending_updates if k > 0 else steps
        scale(step, fan_out, deltas, net.rates + 4 * k)
        if net.biases:
            subtract(_at(net, k, _BIAS), fan_out, step)
        if k == 0:
            # `Shard` stores the weights of layer 0 by input.
            update(_at(net, 0, _MATRIX), _field(net, 0, _GROUPS), fan_out, stored_inputs, steps)
            break
        errors = _at(net, k - 1, _DELTAS)
        exchange = _field(net, k, _EXCHANGE_DOWN) != 0
        out = _partial_sums(net, phase) if exchange else errors
        correct(out, fan_in, net.zeros, stored_inputs, net.factors)
        _multiply_add(net, k, deltas, False, out, pending_updates == RANK - 1)
        if pending_updates == RANK - 1:
            clear(steps, (RANK - 1) * fan_out)
        if exchange:
            if not _wait_and_add(net, phase, errors, fan_in):
                return -1
            phase += 1
        multiply(errors, fan_in, _at(net, k - 1, _ACTIVATION_GRADS))
    return phase


@inlined(FASTMATH)
def output_errors(net: Network, loss_spec: LossSpec, weight: NDArray[np.float32]) -> tuple[float, float]:
    """Fill the last layer's deltas; return the sample's loss and squared error. ``weight``: the sample's, or none."""
    last = net.layers - 1
    preactivations = matrix(_at(net, last, _PREACTIVATIONS), 1, _field(net, last, _UNITS))
    deltas = matrix(_at(net, last, _DELTAS), 1, preactivations.shape[1])
    return output_losses(loss_spec, preactivations, net.target, _FIRST, weight, deltas, np.float32(1))


@inlined(FASTMATH)
def store_outputs(net: Network, loss_spec: LossSpec, outputs: NDArray[np.float32]) -> None:
    """Write the sample's outputs to ``outputs`` (C,)."""
    last = net.layers - 1
    preactivations = vector(_at(net, last, _PREACTIVATIONS), _field(net, last, _UNITS))
    for j in range(len(outputs)):
        outputs[j] = output_of(loss_spec.sigmoid_output, preactivations[j])
