"""Adam's update of one parameter, for optimizers that precondition only some of the layers, and their closure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn


def evaluate_closure(closure: Callable[[], Any] | None) -> Any:
    """Return the closure's result, computed with gradients enabled, or None if there is no closure."""
    if closure is None:
        return None
    with torch.enable_grad():
        return closure()


BETA1, EPS = 0.9, 1e-8
"""Numbers of Adam for the parameters that a preconditioner leaves to it; the other decay is the choice's."""


def adam_step(
    parameter: nn.Parameter,
    state: dict[str, Any],
    rate: float,
    beta2: float,
    beta1: float = BETA1,
    eps: float = EPS,
) -> None:
    """Update a parameter in place (Kingma and Ba 2015); its ``state`` starts empty."""
    gradient = parameter.grad
    assert gradient is not None
    if not state:
        state["step"] = 0
        state["mean"] = torch.zeros_like(parameter)
        state["square"] = torch.zeros_like(parameter)
    state["step"] += 1
    mean = state["mean"].lerp_(gradient, 1 - beta1)
    square = state["square"].mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
    root = (square / (1 - beta2 ** state["step"])).sqrt_().add_(eps)
    parameter.addcdiv_(mean, root, value=-rate / (1 - beta1 ** state["step"]))
