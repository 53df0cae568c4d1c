"""AdamW (Loshchilov and Hutter 2019), PyTorch's implementation."""

from __future__ import annotations

import torch
from torch import nn

from sfumato.recipe import choices


def build(choice: choices.AdamW, model: nn.Module, threads: int) -> torch.optim.Optimizer:
    """Return an optimizer with all parameters in one group, updated by PyTorch's fused kernel."""
    betas, decay = (choice.beta1, choice.beta2), choice.weight_decay
    return torch.optim.AdamW(
        model.parameters(), lr=choice.lr, betas=betas, eps=choice.eps, weight_decay=decay, fused=True
    )
