"""Optimisers: one a file. PyTorch's wherever it has one that is fast here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from sfumato.recipe import choices
from sfumato.training.optimizers import adam, adamw, lbfgs, muon, rmsprop, rprop, sgd

Build = Callable[[Any, nn.Module], torch.optim.Optimizer]

IMPLEMENTATIONS: dict[type[choices.Optimizer], Build] = {
    choices.SGD: sgd.build,
    choices.Adam: adam.build,
    choices.AdamW: adamw.build,
    choices.RMSprop: rmsprop.build,
    choices.Rprop: rprop.build,
    choices.LBFGS: lbfgs.build,
    choices.Muon: muon.build,
}
"""Every optimiser by its choice."""


def build(choice: choices.Optimizer, model: nn.Module) -> torch.optim.Optimizer:
    """The optimiser for a model's parameters, at its full learning rate."""
    return IMPLEMENTATIONS[type(choice)](choice, model)


__all__ = ["IMPLEMENTATIONS", "build"]
