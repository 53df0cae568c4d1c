"""One step of stochastic gradient descent with one sample, as each thread executes it.

Reading the weights from the second-level cache and writing them back is what takes the time. They are therefore
written in one of `RANK` steps only: the steps before it keep their updates as the vectors whose products these are, and
correct the products with the matrix that lacks them, (W - a^T b) x = W x - a^T (b x), a few vectors' work. The last one
writes all updates in the pass that it makes anyway. Every sample still sees the weights that all samples before it
left.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sfumato.training.engines.barrier import arrive_and_wait
from sfumato.training.engines.compiled_activation import apply
from sfumato.training.engines.compiled_loss import LossSpec, output_loss, output_of
from sfumato.training.engines.memory import integer, vector
from sfumato.training.engines.online_loops import (
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
from sfumato.training.engines.online_part import Field
from sfumato.training.engines.vector_code import LANES
from sfumato.training.kernels.jit import inlined

# Numba takes plain integers as constants, not members of an enumeration.
_BY_INPUT, _GROUPS, _LINES = int(Field.BY_INPUT), int(Field.GROUPS), int(Field.LINES)
_EXCHANGE_UP, _EXCHANGE_DOWN = int(Field.EXCHANGE_UP), int(Field.EXCHANGE_DOWN)
_MATRIX, _BIAS, _UNITS, _SUMS = int(Field.MATRIX), int(Field.BIAS), int(Field.UNITS), int(Field.SUMS)
_SLOPES, _DELTAS, _STEPS, _INPUTS = int(Field.SLOPES), int(Field.DELTAS), int(Field.STEPS), int(Field.INPUTS)
_FAN_IN, _FIELDS = int(Field.FAN_IN), len(Field)


class Network(NamedTuple):
    """One thread's part of the network, and how it meets the other threads. Addresses are in bytes."""

    part: int
    threads: int
    block: int
    """Address of the part's memory."""
    layers: int
    table: int
    """Address of the (layers, fields) of `Part`."""
    rates: int
    """Address of every layer's learning rate in this step, float32."""
    target: int
    """Address of the sample's target, float32."""
    factors: int
    """Address of room for as many float32 as there are steps whose updates the matrices may lack."""
    zeros: int
    """Address of a vector of zeros."""
    counts: int
    """Address of the barrier's counters."""
    exchange: int
    """Address of (2, threads, width) float32. The halves are used in turn: one may still be read by another thread."""
    width: int
    activation: int
    """Address of the activation's compiled loop."""
    parameters: int
    """Address of the activation's parameters, float32."""
    biases: bool


@inlined(FASTMATH)
def _field(net: Network, layer: int, field: int) -> int:
    return integer(net.table + 8 * (layer * _FIELDS + field))


@inlined(FASTMATH)
def _at(net: Network, layer: int, field: int) -> int:
    return net.block + 4 * _field(net, layer, field)


@inlined(FASTMATH)
def sample_inputs(net: Network) -> int:
    """Address where the first layer's inputs belong."""
    return _at(net, 0, _INPUTS)


@inlined(FASTMATH)
def _lines(count: int) -> int:
    return (count + LANES - 1) // LANES


@inlined(FASTMATH)
def _mine(net: Network, meeting: int) -> int:
    # Where this thread leaves its partial sums for the meeting after ``meeting`` earlier ones.
    return net.exchange + 4 * net.width * ((meeting & 1) * net.threads + net.part)


@inlined(FASTMATH)
def _meet_and_add(net: Network, meeting: int, out: int, lines: int) -> bool:
    if not arrive_and_wait(net.counts, net.part, net.threads, meeting + 1):
        return False
    add(out, lines, net.exchange + 4 * net.width * (meeting & 1) * net.threads, net.width, net.threads)
    return True


@inlined(FASTMATH)
def _multiply_add(net: Network, k: int, v: int, upwards: bool, out: int, write: bool) -> None:
    # out += the product of the layer's weights with its inputs (upwards) or with its deltas.
    m, groups, lines = _at(net, k, _MATRIX), _field(net, k, _GROUPS), _field(net, k, _LINES)
    by_input = _field(net, k, _BY_INPUT) != 0
    steps, kept = _at(net, k, _STEPS), _at(net, k, _INPUTS)
    steps_width, kept_width = _lines(_field(net, k, _UNITS)) * LANES, _lines(_field(net, k, _FAN_IN)) * LANES
    if by_input:
        a, a_width, b, b_width = kept, kept_width, steps, steps_width
    else:
        a, a_width, b, b_width = steps, steps_width, kept, kept_width
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
def forward(net: Network, lacking: int, meeting: int) -> int:
    """Fill the sums, values and slopes of all layers from `sample_inputs`.

    ``lacking``: of how many steps the matrices lack the updates. Returns how many meetings there were so far, -1: give
    up.
    """
    for k in range(net.layers):
        fan_in, fan_out = _lines(_field(net, k, _FAN_IN)), _lines(_field(net, k, _UNITS))
        kept, sums = _at(net, k, _INPUTS), _at(net, k, _SUMS)
        inputs = kept + 4 * LANES * fan_in * lacking if k > 0 else kept
        exchange = _field(net, k, _EXCHANGE_UP) != 0
        out = _mine(net, meeting) if exchange else sums
        # Partial sums: one of the threads adds the biases.
        bias = _at(net, k, _BIAS) if net.biases and (net.part == 0 or not exchange) else net.zeros
        if k > 0:
            project(net.factors, kept, fan_in, inputs)
            correct(out, fan_out, bias, _at(net, k, _STEPS), net.factors)
        else:
            add(out, fan_out, bias, 0, 1)
        _multiply_add(net, k, inputs, True, out, False)
        if exchange:
            if not _meet_and_add(net, meeting, sums, fan_out):
                return -1
            meeting += 1
        if k < net.layers - 1:
            values = _at(net, k + 1, _INPUTS) + 4 * LANES * fan_out * lacking
            apply(net.activation, sums, values, _at(net, k, _SLOPES), _field(net, k, _UNITS), net.parameters)
    return meeting


@inlined(FASTMATH)
def backward(net: Network, lacking: int, meeting: int) -> int:
    """Pass the last layer's deltas down, each layer by the weights it had in `forward`, and update all weights.

    Returns as `forward`.
    """
    for k in range(net.layers - 1, -1, -1):
        fan_in, fan_out = _lines(_field(net, k, _FAN_IN)), _lines(_field(net, k, _UNITS))
        kept, steps, deltas = _at(net, k, _INPUTS), _at(net, k, _STEPS), _at(net, k, _DELTAS)
        if k > 0:
            # Before this step joins them: the deltas pass through the weights that the sample saw.
            project(net.factors, steps, fan_out, deltas)
        step = steps + 4 * LANES * fan_out * lacking if k > 0 else steps
        scale(step, fan_out, deltas, net.rates + 4 * k)
        if net.biases:
            subtract(_at(net, k, _BIAS), fan_out, step)
        if k == 0:
            # The table makes layer 0 by input.
            update(_at(net, 0, _MATRIX), _field(net, 0, _GROUPS), fan_out, kept, steps)
            break
        passed = _at(net, k - 1, _DELTAS)
        exchange = _field(net, k, _EXCHANGE_DOWN) != 0
        out = _mine(net, meeting) if exchange else passed
        correct(out, fan_in, net.zeros, kept, net.factors)
        _multiply_add(net, k, deltas, False, out, lacking == RANK - 1)
        if lacking == RANK - 1:
            clear(steps, (RANK - 1) * fan_out)
        if exchange:
            if not _meet_and_add(net, meeting, passed, fan_in):
                return -1
            meeting += 1
        multiply(passed, fan_in, _at(net, k - 1, _SLOPES))
    return meeting


@inlined(FASTMATH)
def output_errors(net: Network, loss_of: LossSpec) -> tuple[float, float]:
    """Fill the last layer's deltas; returns the sample's loss and squared error."""
    last = net.layers - 1
    sums = vector(_at(net, last, _SUMS), _field(net, last, _UNITS))
    deltas = vector(_at(net, last, _DELTAS), len(sums))
    target = vector(net.target, len(sums))
    loss, squared = 0.0, 0.0
    for j in range(len(sums)):
        deltas[j], of_loss, of_squared = output_loss(loss_of, sums[j], target[j])
        loss += of_loss
        squared += of_squared
    return loss, squared


@inlined(FASTMATH)
def keep_answers(net: Network, loss_of: LossSpec, kept: NDArray[np.float32]) -> None:
    """Copy the sample's answers to ``kept`` (C,)."""
    last = net.layers - 1
    sums = vector(_at(net, last, _SUMS), _field(net, last, _UNITS))
    for j in range(len(kept)):
        kept[j] = output_of(loss_of.sigmoid_output, sums[j])
