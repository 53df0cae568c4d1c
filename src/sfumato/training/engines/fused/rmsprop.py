"""RMSprop in the fused engine, equal to that of `sfumato.training.optimizers.pytorch`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.recipe import choices
from sfumato.training.engines.fused.layout import Layout
from sfumato.training.engines.fused.optimizer import CompiledOptimizer, Rule

Floats = NDArray[np.float32]


def update(weights: Floats, gradients: Floats, state: Any, parameters: Any, rate: float, step: int) -> None:
    """Apply Tieleman and Hinton's update; momentum, if any, is that of the scaled gradients."""
    momentum, decay, eps = parameters
    lr, keep, old, new, small = (
        np.float32(rate),
        np.float32(momentum),
        np.float32(decay),
        np.float32(1 - decay),
        np.float32(eps),
    )
    squares, momenta = state[0], state[1 if momentum > 0 else 0]
    for i in range(len(weights)):
        g = gradients[i]
        squares[i] = old * squares[i] + new * g * g
        scaled = g / (np.sqrt(squares[i]) + small)
        if momentum > 0:
            momenta[i] = keep * momenta[i] + scaled
            scaled = momenta[i]
        weights[i] -= lr * scaled


def build(choice: choices.RMSprop, layout: Layout) -> CompiledOptimizer:
    """Return RMSprop with one learning rate for all weights."""
    parameters = (choice.momentum, choice.decay, choice.eps)
    state = ("squares", "momenta") if choice.momentum > 0 else ("squares",)
    return CompiledOptimizer(Rule(update, lambda _: choice.lr, parameters, state))
