"""RMSprop (Tieleman and Hinton 2012), PyTorch's implementation."""

from __future__ import annotations

import torch
from torch import nn

from sfumato.recipe import choices


def build(choice: choices.RMSprop, model: nn.Module, threads: int) -> torch.optim.Optimizer:
    """Return an optimizer with all parameters in one group."""
    return torch.optim.RMSprop(
        model.parameters(), lr=choice.lr, alpha=choice.decay, eps=choice.eps, momentum=choice.momentum
    )
