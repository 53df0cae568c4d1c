"""The optimizers whose implementation is PyTorch's own."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from sfumato.recipe import choices
from sfumato.training.optimizers.parameters import fan_in_groups


def adam(choice: choices.Adam, model: nn.Module, threads: int) -> torch.optim.Optimizer:
    """Return Adam (Kingma and Ba 2015) with all parameters in one group, updated by PyTorch's fused kernel.

    With a gradient g: m = beta1 * m + (1 - beta1) * g, v = beta2 * v + (1 - beta2) * g^2, and in step t
    w -= lr * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps).
    """
    betas = (choice.beta1, choice.beta2)
    return torch.optim.Adam(model.parameters(), lr=choice.lr, betas=betas, eps=choice.eps, fused=True)


def adamw(choice: choices.AdamW, model: nn.Module, threads: int) -> torch.optim.Optimizer:
    """Return AdamW (Loshchilov and Hutter 2019) with all parameters in one group, updated by PyTorch's fused kernel.

    Before Adam's update, w -= lr * weight_decay * w.
    """
    betas, decay = (choice.beta1, choice.beta2), choice.weight_decay
    return torch.optim.AdamW(
        model.parameters(), lr=choice.lr, betas=betas, eps=choice.eps, weight_decay=decay, fused=True
    )


def rmsprop(choice: choices.RMSprop, model: nn.Module, threads: int) -> torch.optim.Optimizer:
    """Return RMSprop (Tieleman and Hinton 2012) with all parameters in one group.

    With a gradient g: v = decay * v + (1 - decay) * g^2, b = momentum * b + g / (sqrt(v) + eps), w -= lr * b.
    """
    return torch.optim.RMSprop(
        model.parameters(), lr=choice.lr, alpha=choice.decay, eps=choice.eps, momentum=choice.momentum
    )


def rprop(choice: choices.Rprop, model: nn.Module, threads: int) -> torch.optim.Optimizer:
    """Return resilient backpropagation (Riedmiller and Braun 1993) with all parameters in one group.

    The step size d of a weight is multiplied by increase where its gradient g has the sign of the last one, by decrease
    where it has the other; w -= sign(g) * d. In PyTorch's variant, a weight is not updated for one step when the sign
    of its gradient changes.
    """
    return torch.optim.Rprop(
        model.parameters(),
        lr=choice.lr,
        etas=(choice.decrease, choice.increase),
        step_sizes=(choice.smallest, choice.largest),
    )


def sgd(choice: choices.SGD, model: nn.Module, threads: int) -> torch.optim.Optimizer:
    """Return stochastic gradient descent (Robbins and Monro 1951): w -= lr * g, or b = momentum * b + g, w -= lr * b.

    With ``nesterov``, w -= lr * (g + momentum * b).
    With ``fan_in_scaling``, as in 2012, each layer's learning rate is lr / sqrt(fan_in + 1).
    """
    groups = [
        {
            "params": group.parameters,
            "lr": choice.lr / math.sqrt(group.fan_in) if choice.fan_in_scaling and group.fan_in else choice.lr,
        }
        for group in fan_in_groups(model)
    ]
    return torch.optim.SGD(groups, lr=choice.lr, momentum=choice.momentum, nesterov=choice.nesterov)


def lbfgs(choice: choices.LBFGS, model: nn.Module, threads: int) -> torch.optim.Optimizer:
    """Return limited-memory BFGS (Liu and Nocedal 1989) with all parameters in one group.

    w -= lr * H g. Each of the last changes s of the weights and y of the gradients updates H, the inverse Hessian, to
    (I - r s y^T) H (I - r y s^T) + r s s^T, where r = 1 / (y^T s).
    """
    return _LBFGS(
        model.parameters(),
        lr=choice.lr,
        max_iter=choice.max_iter,
        history_size=choice.history,
        line_search_fn="strong_wolfe" if choice.line_search == "strong_wolfe" else None,
    )


class _LBFGS(torch.optim.LBFGS):
    """PyTorch's L-BFGS, except that a line search that fails does not end the training."""

    def step(self, closure: Callable[[], Any]) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Take a step; return the loss before it."""
        try:
            return super().step(closure)
        except ZeroDivisionError:
            # The search divides by the difference of two step lengths, which rounding may have made equal. The weights
            # are those from before it. Without its history the next step follows the gradient.
            self.state.clear()
            with torch.enable_grad():
                return closure()
