"""Optimisers: one a file. PyTorch's wherever it has one that is fast here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from sfumato.recipe import choices
from sfumato.training.optimizers import adam, adamw, foof, kfac, lbfgs, muon, rmsprop, rprop, sgd, soap

Build = Callable[[Any, nn.Module, int], torch.optim.Optimizer]
"""(choice, model, threads) -> optimiser."""

IMPLEMENTATIONS: dict[type[choices.Optimizer], Build] = {
    choices.SGD: sgd.build,
    choices.Adam: adam.build,
    choices.AdamW: adamw.build,
    choices.RMSprop: rmsprop.build,
    choices.Rprop: rprop.build,
    choices.LBFGS: lbfgs.build,
    choices.Muon: muon.build,
    choices.Foof: foof.build,
    choices.SOAP: soap.build,
    choices.KFAC: kfac.build,
}
"""Every optimiser by its choice."""


def build(choice: choices.Optimizer, model: nn.Module, threads: int = 1) -> torch.optim.Optimizer:
    """The optimiser for a model's parameters, at its full learning rate, itself working on so many cores."""
    return IMPLEMENTATIONS[type(choice)](choice, model, threads)


__all__ = ["IMPLEMENTATIONS", "build"]
