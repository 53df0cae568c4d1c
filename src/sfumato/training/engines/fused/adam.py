"""Adam and AdamW in the fused engine, equal to those of `sfumato.training.optimizers.pytorch`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.recipe import choices
from sfumato.training.engines.fused.layout import Layout
from sfumato.training.engines.fused.optimizer import CompiledOptimizer, Rule
from sfumato.training.optimizers import adam_step

Floats = NDArray[np.float32]


def update(weights: Floats, gradients: Floats, state: Any, parameters: Any, rate: float, step: int) -> None:
    """Apply Kingma and Ba's update number ``step``, after a decay of the weights by rate weight_decay."""
    beta1, beta2, eps, weight_decay = parameters
    means, squares = state[0], state[1]
    lr = np.float32(rate / (1 - beta1**step))
    root = np.float32(1 / math.sqrt(1 - beta2**step))
    keep = np.float32(1 - rate * weight_decay)
    new1, new2, small = np.float32(1 - beta1), np.float32(1 - beta2), np.float32(eps)
    old2 = np.float32(beta2)
    for i in range(len(weights)):
        g = gradients[i]
        means[i] += new1 * (g - means[i])
        squares[i] = old2 * squares[i] + new2 * g * g
        weights[i] = keep * weights[i] - lr * means[i] / (root * np.sqrt(squares[i]) + small)


def adam_rule(
    lr: float,
    beta2: float,
    beta1: float = adam_step.BETA1,
    eps: float = adam_step.EPS,
    weight_decay: float = 0.0,
) -> Rule:
    """Return Adam's rule; the defaults are those for parameters that a preconditioner leaves to Adam."""
    # The first block has the name of the preconditioners' blocks, with which it is one.
    return Rule(update, lambda _: lr, (beta1, beta2, eps, weight_decay), ("momenta", "squares"))


def build(choice: choices.Adam, layout: Layout) -> CompiledOptimizer:
    """Return Adam with one learning rate for all weights."""
    return CompiledOptimizer(adam_rule(choice.lr, choice.beta2, choice.beta1, choice.eps))


def build_adamw(choice: choices.AdamW, layout: Layout) -> CompiledOptimizer:
    """Return AdamW: Adam with decoupled weight decay."""
    return CompiledOptimizer(adam_rule(choice.lr, choice.beta2, choice.beta1, choice.eps, choice.weight_decay))
