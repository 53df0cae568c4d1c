"""Lazy Adam in the fused engine, equal to that of `sfumato.training.optimizers.lazy_adam`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.models.activations.activation import exp
from sfumato.recipe import choices
from sfumato.training.engines.fused.layout import Layout
from sfumato.training.engines.fused.optimizer import CompiledOptimizer, Rule

Floats = NDArray[np.float32]


def update(weights: Floats, gradients: Floats, state: Any, parameters: Any, rate: float, step: int) -> None:
    """Apply Adam's update to the weights whose gradients are not 0, each by its own number of updates."""
    beta1, beta2, eps, log1, log2 = parameters
    means, squares, counts = state[0], state[1], state[2]
    lr, one = np.float32(rate), np.float32(1)
    new1, new2, small = np.float32(1 - beta1), np.float32(1 - beta2), np.float32(eps)
    old2, log_old1, log_old2 = np.float32(beta2), np.float32(log1), np.float32(log2)
    for i in range(len(weights)):
        g = gradients[i]
        # Selections instead of branches, so that whole registers are computed at once.
        count = counts[i] + one
        mean = means[i] + new1 * (g - means[i])
        square = old2 * squares[i] + new2 * g * g
        correction1, correction2 = one - exp(count * log_old1), one - exp(count * log_old2)
        moved = weights[i] - lr * mean / (correction1 * (np.sqrt(square / correction2) + small))
        touched = g != np.float32(0)
        counts[i] = count if touched else counts[i]
        means[i] = mean if touched else means[i]
        squares[i] = square if touched else squares[i]
        weights[i] = moved if touched else weights[i]


def build(choice: choices.LazyAdam, layout: Layout) -> CompiledOptimizer:
    """Return lazy Adam with one learning rate for all weights."""
    # The logarithm of a decay of 0, for which no old gradient counts, is minus infinity.
    logs = [math.log(beta) if beta else -math.inf for beta in (choice.beta1, choice.beta2)]
    parameters = (choice.beta1, choice.beta2, choice.eps, *logs)
    state = ("momenta", "squares", "counts")
    return CompiledOptimizer(Rule(update, lambda _: choice.lr, parameters, state, skips_zero_gradients=True))
