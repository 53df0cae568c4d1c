"""Mini-batch training of a multilayer perceptron: what each thread executes, for many steps without a break.

The samples of a step are divided between the threads, each of which takes its part through the network and back, a
tile at a time. The threads meet; each adds up all gradients of its share of the weights and updates them; they meet
again. Two meetings a step, whatever the depth; FOOF has two more, and Muon one, or some a layer.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sfumato.training.engines import (
    barrier,
    compiled_activation,
    compiled_error,
    fused_foof,
    fused_layout,
    fused_muon,
    fused_pass,
    fused_team,
    fused_update,
    memory,
)
from sfumato.training.engines.barrier import LINE
from sfumato.training.engines.compiled_error import Errors, answer
from sfumato.training.engines.fused_foof import Foof, collect, divide, move
from sfumato.training.engines.fused_layout import TILE, Field
from sfumato.training.engines.fused_muon import Muon, gather, orthogonalise
from sfumato.training.engines.fused_pass import Network, backward, forward, keep_answers, output_errors, take_in
from sfumato.training.engines.fused_team import Team, meet, sum_of_numbers
from sfumato.training.engines.fused_update import Rule, add_up, apply_rule, share, turn
from sfumato.training.engines.memory import matrix
from sfumato.training.kernels import micro_kernel, products, transpose, vectors
from sfumato.training.kernels.jit import kernel
from sfumato.training.kernels.micro_kernel import ROWS
from sfumato.training.kernels.stamp import stamp
from sfumato.training.kernels.vectors import LANES

_ROWS, _COLUMNS, _WEIGHTS, _FAN_OUT = int(Field.ROWS), int(Field.COLUMNS), int(Field.WEIGHTS), int(Field.FAN_OUT)


@njit(nogil=True)
def gradients(
    net: Network,
    team: Team,
    errors: Errors,
    features: NDArray[np.float32],
    targets: NDArray[np.float32],
    kept_answers: NDArray[np.float32],
    samples: NDArray[np.int64],
) -> tuple[float, float]:
    """Fill this thread's gradients from its part of a step's samples."""
    groups = -(-len(samples) // ROWS)
    begin, end = groups * team.part // team.parts * ROWS, groups * (team.part + 1) // team.parts * ROWS
    own = samples[begin : min(end, len(samples))]
    place = team.gradients + team.part * team.block_bytes
    team.samples[team.part * LINE] = 0
    if len(own) == 0:
        matrix(place, 1, team.block_bytes // 4)[:] = np.float32(0)
    loss, squared = 0.0, 0.0
    groups = -(-len(own) // ROWS)
    tiles = -(-groups // (TILE // ROWS))
    # Backwards, so that the first tile is what stays in memory, for those who look at inputs afterwards.
    for tile in range(tiles - 1, -1, -1):
        # Tiles of about one size: a last one of a few samples would use the caches badly.
        some = own[groups * tile // tiles * ROWS : min(groups * (tile + 1) // tiles * ROWS, len(own))]
        take_in(net, features, some)
        outputs = forward(net, len(some))
        of_loss, of_squared = output_errors(net, errors, outputs, targets, some, 1 / len(samples))
        loss += of_loss
        squared += of_squared
        if len(kept_answers) > 0:
            keep_answers(net, errors, outputs, kept_answers, some)
        backward(net, len(some), place, int(tile < tiles - 1))
        team.samples[team.part * LINE] = len(some)
    return loss, squared


@njit(nogil=True)
def update(
    net: Network, team: Team, rule: Rule, foof: Foof, muon: Muon, kept: float, factor: float, step: int, meeting: int
) -> int:
    """Update this thread's share of every layer's weights; the number of the next meeting, or -1: give up."""
    last = len(net.table) - 1
    hidden = range(1, last) if foof.moments != 0 or muon.momenta != 0 else range(0)
    for k in hidden:
        if foof.moments != 0:
            collect(foof, team, net.table, k, kept)
        else:
            team.numbers[k, team.part * LINE] = gather(muon, rule, team, net.table, k, net.weights, factor, step)
    for k in range(last + 1):
        if k == 0 or k == last or len(hidden) == 0:
            row = net.table[k]
            begin, end = share(row[_ROWS], team.part, team.parts)
            # A few rows at a time: what one pass leaves in the first-level cache the next finds there.
            for some in range(begin, end, LANES):
                place, count = row[_WEIGHTS] + some * row[_COLUMNS], LANES * row[_COLUMNS]
                total = add_up(team.gradients + 4 * place, count, team.block_bytes, team.parts, net.scratch)
                apply_rule(rule, k, place, total, net.weights, factor, step)
                if k > 0:
                    turn(net.table, k, some, some + LANES, net.weights, net.turned)
    if len(hidden) > 0:
        meeting = meet(team, meeting)
        if meeting >= 0 and foof.moments != 0:
            meeting = divide_and_move(net, team, foof, factor, meeting)
        elif meeting >= 0:
            meeting = orthogonalise_and_move(net, team, muon, factor, meeting)
        if meeting < 0:
            return meeting
    return meet(team, meeting)


@njit(nogil=True)
def divide_and_move(net: Network, team: Team, foof: Foof, factor: float, meeting: int) -> int:
    """FOOF's step of the hidden layers; returns as `update`."""
    hidden = range(1, len(net.table) - 1)
    for k in hidden:
        team.numbers[k, team.part * LINE] = divide(foof, team, net.table, k)
    meeting = meet(team, meeting)
    if meeting < 0:
        return meeting
    for k in hidden:
        move(foof, team, net.table, k, net.weights, factor, sum_of_numbers(team, k))
        begin, end = share(net.table[k, _ROWS], team.part, team.parts)
        turn(net.table, k, begin, end, net.weights, net.turned)
    return meeting


@njit(nogil=True)
def orthogonalise_and_move(net: Network, team: Team, muon: Muon, factor: float, meeting: int) -> int:
    """Muon's step of the hidden layers; returns as `update`."""
    hidden = len(net.table) - 2
    # As many whole layers to each thread as there are; then the rest, together, in the first thread's room.
    whole = hidden - hidden % team.parts
    for k in range(1, hidden + 1):
        alone = k <= whole
        if alone and (k - 1) % team.parts != team.part:
            continue
        rows = net.table[k, _ROWS]
        begin, end = (0, rows) if alone else share(rows, team.part, team.parts)
        if not alone:
            meeting = meet(team, meeting)
            if meeting < 0:
                return meeting
        # Nothing to do, or not a number: then the weights are not either.
        if sum_of_numbers(team, k) > 0:
            room = team.room + (team.part * team.room_bytes if alone else 0)
            made, meeting = orthogonalise(muon, team, net.table, k, alone, room, meeting)
            if meeting < 0:
                return meeting
            fused_muon.move(muon, net.table, k, made, net.weights, factor, begin, end)
        turn(net.table, k, begin, end, net.weights, net.turned)
    return meeting


def _compiled(stamp: int) -> tuple[Callable[..., tuple[float, float]], Callable[..., None]]:
    @kernel()
    def train(
        net: Network,
        team: Team,
        rule: Rule,
        foof: Foof,
        muon: Muon,
        kept: NDArray[np.float64],
        errors: Errors,
        features: NDArray[np.float32],
        targets: NDArray[np.float32],
        kept_answers: NDArray[np.float32],
        pixels: NDArray[np.int64],
        batch: int,
        factors: NDArray[np.float64],
        step: int,
    ) -> tuple[float, float]:
        _ = stamp
        loss, squared = 0.0, 0.0
        meeting = 1
        for number in range(len(factors)):
            samples = pixels[number * batch : min((number + 1) * batch, len(pixels))]
            of_loss, of_squared = gradients(net, team, errors, features, targets, kept_answers, samples)
            loss += of_loss
            squared += of_squared
            meeting = meet(team, meeting)
            if meeting >= 0:
                meeting = update(net, team, rule, foof, muon, kept[number], factors[number], step + number + 1, meeting)
            if meeting < 0:
                break
        return loss, squared

    @kernel()
    def answers(net: Network, features: NDArray[np.float32], squash: bool, out: NDArray[np.float32]) -> None:
        _ = stamp
        columns = net.table[-1, _COLUMNS]
        for first in range(0, len(features), TILE):
            samples = np.arange(first, min(first + TILE, len(features)))
            take_in(net, features, samples)
            outputs = matrix(forward(net, len(samples)), len(samples), columns)
            for s in range(len(samples)):
                for j in range(out.shape[1]):
                    out[first + s, j] = answer(squash, outputs[s, j])

    return train, answers


train, answers = _compiled(
    stamp(
        barrier,
        compiled_activation,
        compiled_error,
        fused_foof,
        fused_layout,
        fused_muon,
        fused_pass,
        fused_team,
        fused_update,
        memory,
        micro_kernel,
        products,
        transpose,
        vectors,
    )
)
"""``train(net, team, rule, foof, muon, kept, errors, features, targets, kept_answers, pixels, batch, factors, step)``

One step for each of ``factors`` with the next ``batch`` of ``pixels``, after ``step`` others. Returns this thread's
part of the sums of losses and squared errors, each taken before its own step. All threads run this at once. The
answers to the samples go to the rows of ``kept_answers`` (N, C), unless it has none.

``answers(net, features, squash, out)``

Fills ``out`` (N, C) with the network's answers to ``features`` (N, F).
"""
