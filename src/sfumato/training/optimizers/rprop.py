"""Resilient backpropagation (Riedmiller and Braun 1993), PyTorch's variant.

When the sign of its gradient changes, a weight is not updated for one step.
"""

from __future__ import annotations

import torch
from torch import nn

from sfumato.recipe import choices


def build(choice: choices.Rprop, model: nn.Module, threads: int) -> torch.optim.Optimizer:
    """Return an optimizer with all parameters in one group."""
    return torch.optim.Rprop(
        model.parameters(),
        lr=choice.lr,
        etas=(choice.decrease, choice.increase),
        step_sizes=(choice.smallest, choice.largest),
    )
