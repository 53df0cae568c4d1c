"""The training loop of the engine ``fused``, as each thread executes it, for many steps without interruption.

The samples of a step are divided between the threads, each of which takes its share through the network and back, a
tile at a time. After a barrier each adds up all gradients of its share of the weights and updates them; then comes
another barrier. A step has two barriers, whatever the depth; an optimizer that preconditions hidden layers adds two,
and any that it needs itself.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sfumato.training.engines.compiled_loss import LossSpec
from sfumato.training.engines.fused.encoder import PAGE, encoder_at
from sfumato.training.engines.fused.forward_backward import (
    Network,
    backward,
    forward,
    gather_inputs,
    layer_table,
    network_at,
    output_deltas,
    store_outputs,
)
from sfumato.training.engines.fused.layout import TILE, Field
from sfumato.training.engines.fused.optimizer_calls import (
    OptimizerContext,
    accumulate,
    apply_encoder_rule,
    apply_rule,
    apply_update,
    precondition,
)
from sfumato.training.engines.fused.reduction import share, sum_over_threads, transpose_rows
from sfumato.training.engines.fused.thread_context import ThreadContext, barrier_wait, set_samples, thread_at
from sfumato.training.engines.fused.weight_norm import is_normalized, normalize_weights, transform_gradients
from sfumato.training.kernels.jit import kernel
from sfumato.training.kernels.memory import flags, vector
from sfumato.training.kernels.products import ROWS
from sfumato.training.kernels.source_hash import source_hash
from sfumato.training.kernels.vectors import LANES

_LARGEST_GAP = 4
"""Untouched pages between touched ones that are updated with them."""

_ROWS, _COLUMNS, _WEIGHTS, _FAN_IN = int(Field.ROWS), int(Field.COLUMNS), int(Field.WEIGHTS), int(Field.FAN_IN)
_FURTHER = int(Field.FURTHER)


@njit(nogil=True)
def gradients(
    net: Network,
    thread: ThreadContext,
    loss_spec: LossSpec,
    inputs: NDArray[np.float32],
    targets: NDArray[np.float32],
    outputs: NDArray[np.float32],
    batch: NDArray[np.int64],
    batch_weights: NDArray[np.float32],
) -> tuple[float, float]:
    """Compute this thread's gradients from its share of a step's samples; return the sums of losses, squared errors.

    ``batch_weights``: factors of the samples' losses, or none at all.
    """
    groups = -(-len(batch) // ROWS)
    begin, end = groups * thread.rank // thread.threads * ROWS, groups * (thread.rank + 1) // thread.threads * ROWS
    indices = batch[begin : min(end, len(batch))]
    # A part of an empty array is empty, too.
    weights = batch_weights[begin : min(end, len(batch))]
    thread_gradients = thread.gradients + thread.rank * thread.gradients_stride
    encoder_gradients = thread.encoder_gradients + thread.rank * thread.encoder_gradients_stride
    touched = thread.touched + thread.rank * thread.touched_stride
    # The encoder's gradients are accumulated, so they start at 0.
    _clear_touched(encoder_gradients, touched, thread.encoder_gradients_stride // (4 * PAGE))
    set_samples(thread, 0)
    if len(indices) == 0:
        vector(thread_gradients, thread.gradients_stride // 4)[:] = np.float32(0)
    loss, squared = 0.0, 0.0
    groups = -(-len(indices) // ROWS)
    tiles = -(-groups // (TILE // ROWS))
    # In reverse, so that the first tile's inputs stay in memory: preconditioners read them.
    for tile in range(tiles - 1, -1, -1):
        # Tiles of about equal size: a last one of a few samples would use the caches badly.
        first, last = groups * tile // tiles * ROWS, min(groups * (tile + 1) // tiles * ROWS, len(indices))
        samples = indices[first:last]
        gather_inputs(net, inputs, samples)
        preactivations = forward(net, len(samples))
        tile_loss, tile_squared = output_deltas(
            net, loss_spec, preactivations, targets, samples, weights[first:last], 1 / len(batch)
        )
        loss += tile_loss
        squared += tile_squared
        if len(outputs) > 0:
            store_outputs(net, loss_spec.sigmoid_output, preactivations, outputs, samples)
        backward(net, len(samples), thread_gradients, int(tile < tiles - 1), encoder_gradients, touched)
        set_samples(thread, len(samples))
    if is_normalized(net):
        transform_gradients(net, thread_gradients)
    return loss, squared


@njit(nogil=True)
def update(
    net_address: int, thread_address: int, optimizer: OptimizerContext, lr_factor: float, step: int, phase: int
) -> int:
    """Update this thread's share of every layer's weights; return the next phase, or -1 to give up."""
    net, thread = network_at(net_address), thread_at(thread_address)
    table, last = layer_table(net), net.layers - 1
    preconditioned = range(1, last) if optimizer.precondition != 0 else range(0)
    for k in preconditioned:
        begin, end = share(table[k, _ROWS], thread.rank, thread.threads)
        # First, because the preconditioner may add up all threads' gradients of these rows, too.
        bias = table[k, _FAN_IN]
        for one in range(bias + int(optimizer.preconditions_biases != 0), bias + 1 + table[k, _FURTHER]):
            if begin <= one < end:
                update_rows_by_rule(net, thread, optimizer, k, one, 1, lr_factor, step)
        accumulate(optimizer, net_address, thread_address, k, step)
    for k in range(last + 1):
        if k == 0 or k == last or len(preconditioned) == 0:
            begin, end = share(table[k, _ROWS], thread.rank, thread.threads)
            # A few rows at a time, so that they are still in the first-level cache for the transposition.
            for first in range(begin, end, LANES):
                update_rows_by_rule(net, thread, optimizer, k, first, LANES, lr_factor, step)
                transpose_rows(net, k, first, first + LANES)
    if net.encoder != 0:
        update_encoder(net, thread, optimizer, lr_factor, step)
    if len(preconditioned) > 0:
        phase = barrier_wait(thread, phase)
        if phase >= 0:
            phase = precondition(optimizer, net_address, thread_address, step, phase)
        if phase >= 0:
            phase = barrier_wait(thread, phase)
        if phase < 0:
            return phase
        for k in preconditioned:
            apply_update(optimizer, net_address, thread_address, k, lr_factor)
            begin, end = share(table[k, _ROWS], thread.rank, thread.threads)
            transpose_rows(net, k, begin, end)
    if is_normalized(net):
        phase = barrier_wait(thread, phase)
        if phase < 0:
            return phase
        normalize_weights(net, thread.rank, thread.threads)
    return barrier_wait(thread, phase)


@njit(nogil=True)
def update_rows_by_rule(
    net: Network,
    thread: ThreadContext,
    optimizer: OptimizerContext,
    layer: int,
    begin: int,
    rows: int,
    lr_factor: float,
    step: int,
) -> None:
    """Add up all threads' gradients of some rows of a layer, and apply the elementwise rule."""
    row, stride = layer_table(net)[layer], thread.gradients_stride
    position, count = row[_WEIGHTS] + begin * row[_COLUMNS], rows * row[_COLUMNS]
    total = sum_over_threads(thread.gradients + 4 * position, count, stride, thread.threads, net.scratch)
    weights, state = net.trained + 4 * position, optimizer.state + 4 * position
    # A block of state is as long as one of gradients.
    apply_rule(optimizer, layer, weights, total, state, stride // 4, lr_factor, step)


@njit(nogil=True)
def _clear_touched(gradients: int, touched: int, pages: int) -> None:
    """Set a thread's gradients of an encoder to 0 where they are marked, and remove the marks."""
    marks = flags(touched, pages)
    for page in range(pages):
        if marks[page] != 0:
            vector(gradients + 4 * PAGE * page, PAGE)[:] = np.float32(0)
            marks[page] = np.uint8(0)


@njit(nogil=True)
def update_encoder(
    net: Network, thread: ThreadContext, optimizer: OptimizerContext, lr_factor: float, step: int
) -> None:
    """Add up all threads' gradients of this thread's share of a trained encoding, and apply its elementwise rule.

    A rule that skips gradients of 0 is applied to the pages that any thread has touched only.
    """
    encoder, stride = encoder_at(net.encoder), thread.encoder_gradients_stride
    pages = encoder.length // PAGE
    page, end = pages * thread.rank // thread.threads, pages * (thread.rank + 1) // thread.threads
    every = optimizer.encoder_skips == 0
    while page < end:
        if not (every or _is_touched(thread, page)):
            page += 1
            continue
        # The scratch memory holds at least this many.
        first, limit = page, min(end, page + TILE * LANES // PAGE)
        last = page
        # To update a few untouched pages, which changes nothing, takes less time than another call.
        while page < limit and page - last <= _LARGEST_GAP:
            if every or _is_touched(thread, page):
                last = page
            page += 1
        position, count = first * PAGE, (last + 1 - first) * PAGE
        gradients = thread.encoder_gradients + 4 * position
        total = sum_over_threads(gradients, count, stride, thread.threads, net.scratch)
        parameters, state = encoder.parameters + 4 * position, optimizer.encoder_state + 4 * position
        apply_encoder_rule(optimizer, net.layers, parameters, total, state, encoder.length, lr_factor, step)


@njit(nogil=True)
def _is_touched(thread: ThreadContext, page: int) -> bool:
    for rank in range(thread.threads):
        if flags(thread.touched + rank * thread.touched_stride, page + 1)[page] != 0:
            return True
    return False


def _compiled(sources: int) -> tuple[Callable[..., tuple[float, float]], Callable[..., None], Callable[..., None]]:
    @kernel()
    def train(
        net_address: int,
        thread_address: int,
        optimizer: OptimizerContext,
        loss_spec: LossSpec,
        inputs: NDArray[np.float32],
        targets: NDArray[np.float32],
        outputs: NDArray[np.float32],
        pixels: NDArray[np.int64],
        weights: NDArray[np.float32],
        batch: int,
        lr_factors: NDArray[np.float64],
        step: int,
    ) -> tuple[float, float]:
        _ = sources
        net, thread = network_at(net_address), thread_at(thread_address)
        loss, squared = 0.0, 0.0
        phase = 1
        for number in range(len(lr_factors)):
            first, last = number * batch, min((number + 1) * batch, len(pixels))
            step_loss, step_squared = gradients(
                net, thread, loss_spec, inputs, targets, outputs, pixels[first:last], weights[first:last]
            )
            loss += step_loss
            squared += step_squared
            phase = barrier_wait(thread, phase)
            if phase >= 0:
                phase = update(net_address, thread_address, optimizer, lr_factors[number], step + number + 1, phase)
            if phase < 0:
                break
        return loss, squared

    @kernel()
    def outputs(net_address: int, inputs: NDArray[np.float32], sigmoid_output: bool, out: NDArray[np.float32]) -> None:
        _ = sources
        net = network_at(net_address)
        for first in range(0, len(inputs), TILE):
            samples = np.arange(first, min(first + TILE, len(inputs)))
            gather_inputs(net, inputs, samples)
            store_outputs(net, sigmoid_output, forward(net, len(samples)), out, samples)

    @kernel()
    def normalize(net_address: int) -> None:
        _ = sources
        normalize_weights(network_at(net_address), 0, 1)

    return train, outputs, normalize


train, outputs, normalize = _compiled(source_hash(gradients, update))
"""``train(net, thread, optimizer, loss_spec, inputs, targets, outputs, pixels, weights, batch, lr_factors,
step)``

``net`` and ``thread`` are the addresses of a `Network` and a `ThreadContext`, as int64. Take one step for each of
``lr_factors`` with the next ``batch`` of ``pixels``, after ``step`` others. ``weights`` are factors of the pixels'
losses, or none at all. Return this thread's terms of the sums
of losses and squared errors, each before its own step. All threads run this at the same time. The samples' outputs go
to the rows of ``outputs`` (N, C), unless it has none.

``outputs(net, inputs, sigmoid_output, out)``

Fill ``out`` (N, C) with the network's outputs for ``inputs``: encoded coordinates (N, F), or the coordinates (N, D)
where there is an encoder.

``normalize(net)``

Compute normalized weights, as `train` does after each step.
"""
