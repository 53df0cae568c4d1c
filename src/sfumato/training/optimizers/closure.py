"""Evaluation of the closure that a step of PyTorch's optimizers may be given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch


def evaluate_closure(closure: Callable[[], Any] | None) -> Any:
    """Return the closure's result, computed with gradients enabled, or None if there is no closure."""
    if closure is None:
        return None
    with torch.enable_grad():
        return closure()
