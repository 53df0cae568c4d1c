"""The closure that an optimizer's step may be given, as PyTorch's optimizers take it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch


def loss_of(closure: Callable[[], Any] | None) -> Any:
    """What it returns, computed with gradients; None where there is none."""
    if closure is None:
        return None
    with torch.enable_grad():
        return closure()
