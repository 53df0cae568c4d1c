"""From gradients to new weights, as one thread does it for its share of each layer's rows.

The rules are those of PyTorch's optimisers, number by number; see `sfumato.training.optimizers` for their sources.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sfumato.training.engines.fused_layout import Field
from sfumato.training.engines.memory import vector
from sfumato.training.kernels.jit import inlined
from sfumato.training.kernels.transpose import transpose
from sfumato.training.kernels.vectors import LANES

_FAN_IN, _FAN_OUT, _ROWS, _COLUMNS = int(Field.FAN_IN), int(Field.FAN_OUT), int(Field.ROWS), int(Field.COLUMNS)
_WEIGHTS, _TURNED = int(Field.WEIGHTS), int(Field.TURNED)

FASTMATH = {"contract"}
"""Sums here have two terms: nothing to reassociate, and the same bits whatever registers there are."""

SGD, ADAM, RMSPROP = 0, 1, 2

Floats = NDArray[np.float32]


class Rule(NamedTuple):
    """An elementwise optimiser."""

    kind: int
    """`SGD`, `ADAM` or `RMSPROP`."""
    rates: NDArray[np.float64]
    """Every layer's learning rate."""
    momentum: float
    """Of SGD and RMSprop; Adam's beta1."""
    decay: float
    """Of the mean of squares: Adam's beta2, RMSprop's alpha."""
    eps: float
    weight_decay: float
    """Decoupled, times the rate (Loshchilov and Hutter 2019)."""
    nesterov: bool
    first: int
    """Address of the block of momenta, where there is one."""
    second: int
    """Address of the block of mean squares, where there is one."""


@njit(nogil=True)
def share(rows: int, part: int, parts: int) -> tuple[int, int]:
    """The rows of one of ``parts`` threads: from, to; multiples of the vector registers' lanes."""
    groups = rows // LANES
    return groups * part // parts * LANES, groups * (part + 1) // parts * LANES


@njit(nogil=True)
def triangle(rows: int, part: int, parts: int) -> tuple[int, int]:
    """As `share`, of a symmetric matrix of which only what is left of the diagonal is computed: equal areas."""
    groups = rows // LANES
    return round(groups * math.sqrt(part / parts)) * LANES, round(groups * math.sqrt((part + 1) / parts)) * LANES


@njit(nogil=True)
def add_up(place: int, count: int, block: int, parts: int, to: int) -> Floats:
    """(count,) the sum of all threads' gradients, left at ``to``; ``block``: their distance in bytes."""
    total, first = vector(to, count), vector(place, count)
    if parts == 1:
        return first
    second = vector(place + block, count)
    for i in range(count):
        total[i] = first[i] + second[i]
    for part in range(2, parts):
        other = vector(place + part * block, count)
        for i in range(count):
            total[i] += other[i]
    return total


@inlined(FASTMATH)
def sgd(weights: Floats, gradients: Floats, momenta: Floats, rate: float, momentum: float, nesterov: bool) -> None:
    """v = momentum v + g; w -= rate v, or with Nesterov's look ahead rate (g + momentum v)."""
    pace, kept = np.float32(rate), np.float32(momentum)
    if momentum == 0:
        for i in range(len(weights)):
            weights[i] -= pace * gradients[i]
        return
    for i in range(len(weights)):
        momenta[i] = kept * momenta[i] + gradients[i]
        weights[i] -= pace * (gradients[i] + kept * momenta[i] if nesterov else momenta[i])


@inlined(FASTMATH)
def adam(
    weights: Floats,
    gradients: Floats,
    means: Floats,
    squares: Floats,
    rate: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    step: int,
) -> None:
    """Kingma and Ba's update number ``step`` (from 1), after a decay of the weights by rate weight_decay."""
    beta1, beta2 = betas
    pace = np.float32(rate / (1 - beta1**step))
    root = np.float32(1 / math.sqrt(1 - beta2**step))
    kept = np.float32(1 - rate * weight_decay)
    new1, new2, small = np.float32(1 - beta1), np.float32(1 - beta2), np.float32(eps)
    old2 = np.float32(beta2)
    for i in range(len(weights)):
        g = gradients[i]
        means[i] += new1 * (g - means[i])
        squares[i] = old2 * squares[i] + new2 * g * g
        weights[i] = kept * weights[i] - pace * means[i] / (root * np.sqrt(squares[i]) + small)


@inlined(FASTMATH)
def rmsprop(
    weights: Floats,
    gradients: Floats,
    momenta: Floats,
    squares: Floats,
    rate: float,
    momentum: float,
    decay: float,
    eps: float,
) -> None:
    """Tieleman and Hinton's update; with momentum, of the scaled gradients."""
    pace, kept, old, new, small = (
        np.float32(rate),
        np.float32(momentum),
        np.float32(decay),
        np.float32(1 - decay),
        np.float32(eps),
    )
    for i in range(len(weights)):
        g = gradients[i]
        squares[i] = old * squares[i] + new * g * g
        scaled = g / (np.sqrt(squares[i]) + small)
        if momentum > 0:
            momenta[i] = kept * momenta[i] + scaled
            scaled = momenta[i]
        weights[i] -= pace * scaled


@njit(nogil=True)
def apply_rule(rule: Rule, layer: int, place: int, gradients: Floats, weights: int, factor: float, step: int) -> None:
    """Update as many weights as there are gradients; ``place`` is where they begin in the blocks, in float32."""
    count = len(gradients)
    own = vector(weights + 4 * place, count)
    rate = rule.rates[layer] * factor
    first = vector(rule.first + 4 * place if rule.first != 0 else weights, count if rule.first != 0 else 0)
    second = vector(rule.second + 4 * place if rule.second != 0 else weights, count if rule.second != 0 else 0)
    if rule.kind == SGD:
        sgd(own, gradients, first, rate, rule.momentum, rule.nesterov)
    elif rule.kind == ADAM:
        adam(own, gradients, first, second, rate, (rule.momentum, rule.decay), rule.eps, rule.weight_decay, step)
    else:
        rmsprop(own, gradients, first, second, rate, rule.momentum, rule.decay, rule.eps)


@njit(nogil=True)
def turn(table: NDArray[np.int64], layer: int, begin: int, end: int, weights: int, turned: int) -> None:
    """Copy some rows of a layer's weights into the columns of its transposed weights."""
    row = table[layer]
    rows, columns = row[_ROWS], row[_COLUMNS]
    source = weights + 4 * (row[_WEIGHTS] + begin * columns)
    transpose(end - begin, row[_FAN_OUT], source, columns, turned + 4 * (row[_TURNED] + begin), rows)
