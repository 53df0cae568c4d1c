"""Stochastic gradient descent, PyTorch's, with the 2012 rule for the rates of layers on demand."""

from __future__ import annotations

import math

import torch
from torch import nn

from sfumato.recipe import choices
from sfumato.training.optimizers.parameters import layers


def build(choice: choices.SGD, model: nn.Module, threads: int) -> torch.optim.Optimizer:
    """With ``fan_in_scaling`` each layer's rate is lr / sqrt(fan_in + 1); 2012 had it so."""
    groups = [
        {
            "params": layer.parameters,
            "lr": choice.lr / math.sqrt(layer.fan_in) if choice.fan_in_scaling and layer.fan_in else choice.lr,
        }
        for layer in layers(model)
    ]
    return torch.optim.SGD(groups, lr=choice.lr, momentum=choice.momentum, nesterov=choice.nesterov)
