"""Stochastic gradient descent, PyTorch's implementation, optionally with the 2012 scaling of learning rates."""

from __future__ import annotations

import math

import torch
from torch import nn

from sfumato.recipe import choices
from sfumato.training.optimizers.parameters import fan_in_groups


def build(choice: choices.SGD, model: nn.Module, threads: int) -> torch.optim.Optimizer:
    """Return SGD; with ``fan_in_scaling``, as in 2012, each layer's learning rate is lr / sqrt(fan_in + 1)."""
    groups = [
        {
            "params": group.parameters,
            "lr": choice.lr / math.sqrt(group.fan_in) if choice.fan_in_scaling and group.fan_in else choice.lr,
        }
        for group in fan_in_groups(model)
    ]
    return torch.optim.SGD(groups, lr=choice.lr, momentum=choice.momentum, nesterov=choice.nesterov)
