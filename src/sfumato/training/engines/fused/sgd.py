"""Stochastic gradient descent in the fused engine, equal to that of `sfumato.training.optimizers.pytorch`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.recipe import choices
from sfumato.training.engines.fused.layout import Layout
from sfumato.training.engines.fused.optimizer import CompiledOptimizer, Rule

Floats = NDArray[np.float32]


def update(weights: Floats, gradients: Floats, state: Any, parameters: Any, rate: float, step: int) -> None:
    """Apply v = momentum v + g; w -= rate v, or with Nesterov momentum w -= rate (g + momentum v)."""
    momentum, nesterov = parameters
    lr, decay = np.float32(rate), np.float32(momentum)
    if momentum == 0:
        for i in range(len(weights)):
            weights[i] -= lr * gradients[i]
        return
    momenta = state[0]
    for i in range(len(weights)):
        momenta[i] = decay * momenta[i] + gradients[i]
        weights[i] -= lr * (gradients[i] + decay * momenta[i] if nesterov != 0 else momenta[i])


def build(choice: choices.SGD, layout: Layout) -> CompiledOptimizer:
    """Return SGD; with ``fan_in_scaling`` each layer's learning rate is lr / sqrt(fan_in + 1)."""

    def rate(fan_in: int) -> float:
        return choice.lr / math.sqrt(fan_in + 1) if choice.fan_in_scaling and fan_in else choice.lr

    parameters = (choice.momentum, float(choice.nesterov))
    return CompiledOptimizer(Rule(update, rate, parameters, ("momenta",) if choice.momentum > 0 else ()))
