"""FOOF in the fused engine; `sfumato.training.optimizers.foof` describes the algorithm and its source.

A layer's gradient is stored as (inputs, outputs), with the bias as the last input, so the inverse moments of the inputs
multiply it from the left. Each thread works on its share of the rows.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray

from sfumato.parallel import parallel_map
from sfumato.recipe import choices
from sfumato.recipe.choices.optimizers import inversion_is_due
from sfumato.training.engines.fused.adam import adam_rule
from sfumato.training.engines.fused.forward_backward import Network, layer_table
from sfumato.training.engines.fused.layout import Field, Layout
from sfumato.training.engines.fused.optimizer import CompiledOptimizer, Preconditioner, Refresh, State
from sfumato.training.engines.fused.reduction import reduce_gradients_in_place, share, triangle_share
from sfumato.training.engines.fused.thread_context import (
    ThreadContext,
    samples_of,
    set_partial_sum,
    total_of_partial_sums,
)
from sfumato.training.kernels.jit import inlined
from sfumato.training.kernels.memory import vector
from sfumato.training.kernels.products import multiply, multiply_by_itself
from sfumato.training.optimizers import foof

_FAN_IN, _FAN_OUT, _ROWS, _COLUMNS = int(Field.FAN_IN), int(Field.FAN_OUT), int(Field.ROWS), int(Field.COLUMNS)
_WEIGHTS, _INPUTS, _MOMENTS = int(Field.WEIGHTS), int(Field.INPUTS), int(Field.MOMENTS)

_moment_decay = njit(nogil=True)(foof.moment_decay)


class FOOF(NamedTuple):
    """Numbers, and addresses of blocks in the order of `Layout`."""

    lr: float
    momentum: float
    samples: float
    """Number of inputs per step, over all threads, whose moments are accumulated."""
    decay: float
    momenta: int
    moments: int
    """Sums of products of inputs: symmetric, so only the lower triangle is used."""
    inverse: int
    updates: int


def accumulate(net: Network, thread: ThreadContext, fields: FOOF, layer: int, step: int) -> None:
    """Replace gradients by their running mean, with Nesterov momentum, and add to the moments of inputs."""
    row = layer_table(net)[layer]
    rows, columns = row[_ROWS], row[_COLUMNS]
    begin, end = share(rows, thread.rank, thread.threads)
    # What follows the biases belongs to a normalization, and to the rule.
    position, count = row[_WEIGHTS] + begin * columns, max(min(end, row[_FAN_IN] + 1) - begin, 0) * columns
    gradients = reduce_gradients_in_place(thread, position, count)
    _mix(gradients, vector(fields.momenta + 4 * position, count), np.float32(fields.momentum))
    begin, end = triangle_share(rows, thread.rank, thread.threads)
    moments = fields.moments + 4 * row[_MOMENTS]
    decay = _moment_decay(step, fields.decay)
    if decay != 1:
        _scale(vector(moments + 4 * begin * rows, (end - begin) * rows), np.float32(decay))
    for rank in range(thread.threads):
        inputs = thread.memory + rank * thread.memory_stride + 4 * row[_INPUTS]
        samples = min(samples_of(thread, rank), -(-int(fields.samples) // thread.threads))
        multiply_by_itself(begin, end, samples, inputs, rows, moments, rows, 1)


@njit(nogil=True)
def _mix(gradients: NDArray[np.float32], momenta: NDArray[np.float32], momentum: np.float32) -> None:
    for i in range(len(gradients)):
        momenta[i] += (np.float32(1) - momentum) * (gradients[i] - momenta[i])
        gradients[i] += momentum * (momenta[i] - gradients[i])


@njit(nogil=True)
def _scale(values: NDArray[np.float32], factor: np.float32) -> None:
    for i in range(len(values)):
        values[i] *= factor


def precondition(net: Network, thread: ThreadContext, fields: FOOF, step: int, phase: int) -> int:
    """Multiply the averaged gradients by the inverse moments, and sum the squares of the updates."""
    table = layer_table(net)
    for layer in range(1, net.layers - 1):
        row = table[layer]
        rows, columns = row[_ROWS], row[_COLUMNS]
        begin, end = share(rows, thread.rank, thread.threads)
        left = fields.inverse + 4 * (row[_MOMENTS] + begin * rows)
        right = thread.gradients + 4 * row[_WEIGHTS]
        out = fields.updates + 4 * (row[_WEIGHTS] + begin * columns)
        multiply(end - begin, row[_FAN_OUT], row[_FAN_IN] + 1, left, rows, right, columns, out, columns, 0)
        set_partial_sum(thread, layer, 0, _sum_of_squares(vector(out, (end - begin) * columns)))
    return phase


@inlined({"reassoc", "contract", "nsz"})
def _sum_of_squares(values: NDArray[np.float32]) -> float:
    total = np.float32(0)
    for i in range(len(values)):
        total += values[i] * values[i]
    return np.float64(total)


def apply_update(net: Network, thread: ThreadContext, fields: FOOF, layer: int, lr_factor: float) -> None:
    """Update the weights, with an update scaled to the norm of an orthogonal matrix."""
    squares = total_of_partial_sums(thread, layer, 0)
    if not squares > 0:
        # All gradients are 0, or there are NaNs, and then the weights are NaN too.
        return
    row = layer_table(net)[layer]
    begin, end = share(row[_ROWS], thread.rank, thread.threads)
    position, count = row[_WEIGHTS] + begin * row[_COLUMNS], (end - begin) * row[_COLUMNS]
    weights, updates = vector(net.trained + 4 * position, count), vector(fields.updates + 4 * position, count)
    rate = np.float32(fields.lr * lr_factor * math.sqrt(row[_FAN_OUT]) / math.sqrt(squares))
    for i in range(count):
        weights[i] -= rate * updates[i]


def _invert(layout: Layout, state: State, damping: float, threads: int) -> None:
    hidden = layout.hidden_layers
    moments = [torch.from_numpy(layout.moments_of(state["moments"], layer)) for layer in hidden]
    inverses = parallel_map(lambda one: foof.invert(one, damping), moments, threads) if moments else []
    for layer, inverse in zip(hidden, inverses, strict=True):
        if inverse is not None:
            layout.moments_of(state["inverse"], layer)[:] = inverse.numpy()


def build(choice: choices.FOOF, layout: Layout) -> CompiledOptimizer:
    """Return FOOF for the hidden layers at ``lr``, and Adam for all other parameters."""
    refresh = Refresh(
        due=lambda step: inversion_is_due(step, choice.update_interval),
        run=lambda layout, state, threads: _invert(layout, state, choice.damping, threads),
        writes=("inverse",),
    )
    hidden = Preconditioner(
        fields=FOOF,
        accumulate=accumulate,
        precondition=precondition,
        apply_update=apply_update,
        preconditions_biases=True,
        parameters=(choice.lr, choice.momentum, choice.samples, choice.decay),
        state={"momenta": layout.parameters, "moments": layout.moments, "inverse": layout.moments},
        scratch={"updates": layout.parameters},
        refresh=refresh,
    )
    return CompiledOptimizer(adam_rule(choice.adam_lr, choice.adam_beta2), hidden)
