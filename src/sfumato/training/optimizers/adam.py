"""Adam (Kingma and Ba 2015), PyTorch's implementation."""

from __future__ import annotations

import torch
from torch import nn

from sfumato.recipe import choices


def build(choice: choices.Adam, model: nn.Module, threads: int) -> torch.optim.Optimizer:
    """Return an optimizer with all parameters in one group, updated by PyTorch's fused kernel."""
    betas = (choice.beta1, choice.beta2)
    return torch.optim.Adam(model.parameters(), lr=choice.lr, betas=betas, eps=choice.eps, fused=True)
