"""Limited-memory BFGS (Liu and Nocedal 1989), PyTorch's implementation."""

from __future__ import annotations

import torch
from torch import nn

from sfumato.recipe import choices


def build(choice: choices.LBFGS, model: nn.Module, threads: int) -> torch.optim.Optimizer:
    """Return an optimizer with all parameters in one group."""
    return torch.optim.LBFGS(
        model.parameters(),
        lr=choice.lr,
        max_iter=choice.max_iter,
        history_size=choice.history,
        line_search_fn="strong_wolfe" if choice.line_search == "strong_wolfe" else None,
    )
