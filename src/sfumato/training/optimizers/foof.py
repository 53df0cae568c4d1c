"""FOOF (Benzing 2022, "Gradient Descent on Neurons and its Link to Approximate Second-Order Optimization").

A layer's gradient is a sum of products of errors and inputs. Inputs that are alike for all samples, as those of hidden
layers are, make it point along what they share; dividing it by their second moments A = E[x x^T] takes that out. It is
K-FAC with the errors' half left away. Here the gradient is averaged over time first, and what comes out is scaled to
the size of an orthogonal matrix, so that the rate alone decides how far a step goes (as Muon's does; Jordan et al.
2024). Biases are weights of an input that is always 1. First and last layer are Adam's.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from sfumato.recipe import choices
from sfumato.recipe.choices.optimizers import inversion_is_due
from sfumato.training.optimizers.adam_step import adam_step
from sfumato.training.optimizers.closure import loss_of
from sfumato.training.optimizers.parameters import hidden_linear, removed_with


def invert(moments: Tensor, damping: float) -> Tensor | None:
    """(n, n) -> (n, n), float64: the inverse of the moments plus ``damping`` times their mean eigenvalue.

    Of the moments only what is left of the diagonal is read. None where they are not positive definite, as when
    training has diverged.
    """
    damped = moments.double()
    damped = damped + torch.eye(len(damped), dtype=torch.float64) * (damping * damped.diagonal().mean())
    factor, failed = torch.linalg.cholesky_ex(damped)
    return None if failed or not torch.isfinite(factor).all() else torch.cholesky_inverse(factor)


def kept(step: int, decay: float) -> float:
    """What is kept of the moments' sum in this step (from 1): all, until as many steps are in it as decay lets last."""
    return 1.0 if (step - 1) * (1 - decay) < 1 else decay


class Foof(torch.optim.Optimizer):
    """Groups with ``foof=True`` hold a layer's weight and its bias, if it has one; the others are Adam's.

    It sees the layers' inputs whenever the model computes with gradients enabled, and steps with the last ones.
    """

    def __init__(self, groups: list[dict[str, Any]], layers: list[nn.Linear], choice: choices.Foof) -> None:
        super().__init__(groups, {"lr": choice.lr, "foof": False})
        self._choice = choice
        self._inputs: dict[int, Tensor] = {}
        see = weakref.WeakMethod(self._see)

        def hook(layer: nn.Module, arguments: tuple[Any, ...]) -> None:
            # The model may live longer than its optimizer.
            if (method := see()) is not None:
                method(layer, arguments)

        removed_with(self, [layer.register_forward_pre_hook(hook) for layer in layers])

    def _see(self, layer: nn.Module, arguments: tuple[Any, ...]) -> None:
        if torch.is_grad_enabled() and isinstance(layer, nn.Linear):
            x = arguments[0].detach()
            x = x.reshape(-1, x.shape[-1])[: self._choice.samples]
            ones = torch.ones_like(x[:, :1])
            self._inputs[id(layer.weight)] = x if layer.bias is None else torch.cat([x, ones], dim=1)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """One update of every parameter that has a gradient."""
        loss = loss_of(closure)
        for group in self.param_groups:
            rate = group["lr"]
            if group["foof"]:
                if any(parameter.grad is None for parameter in group["params"]):
                    continue
                if id(group["params"][0]) in self._inputs:
                    self._layer_step(group["params"], rate)
                    continue
                # A module of one's own may use a layer's weights without calling it: then nothing is known of it.
                rate *= self._choice.adam_lr / self._choice.lr
            for parameter in group["params"]:
                if parameter.grad is not None:
                    adam_step(parameter, self.state[parameter], rate)
        return loss

    def _layer_step(self, parameters: list[nn.Parameter], rate: float) -> None:
        choice, weight = self._choice, parameters[0]
        columns = [parameter.grad.reshape(len(weight), -1) for parameter in parameters if parameter.grad is not None]
        gradient, inputs, state = torch.cat(columns, dim=1), self._inputs[id(weight)], self.state[weight]
        if not state:
            state["step"] = 0
            state["momentum"] = torch.zeros_like(gradient)
            state["moments"] = gradient.new_zeros(gradient.shape[1], gradient.shape[1])
            state["inverse"] = torch.zeros_like(state["moments"])
        state["step"] += 1
        step = state["step"]
        # Sums, not means: what comes out is scaled anyway.
        state["moments"].mul_(kept(step, choice.decay)).addmm_(inputs.mT, inputs)
        if step == 1:
            self._invert(state)
        momentum = state["momentum"].lerp_(gradient, 1 - choice.momentum)
        update = gradient.lerp(momentum, choice.momentum) @ state["inverse"]
        norm = float(update.norm())
        if norm > 0:
            update *= -rate * math.sqrt(len(weight)) / norm
            places = update.split([parameter[0].numel() for parameter in parameters], dim=1)
            for parameter, part in zip(parameters, places, strict=True):
                parameter.add_(part.reshape(parameter.shape))
        if step > 1 and inversion_is_due(step, choice.every):
            self._invert(state)

    def _invert(self, state: dict[str, Any]) -> None:
        inverse = invert(state["moments"], self._choice.damping)
        if inverse is not None:
            state["inverse"].copy_(inverse)


def build(choice: choices.Foof, model: nn.Module, threads: int) -> torch.optim.Optimizer:
    """One group a hidden linear layer at ``lr``; the rest in another, at ``adam_lr``."""
    layers = hidden_linear(model)
    own = [list(layer.parameters(recurse=False)) for layer in layers]
    chosen = {id(parameter) for parameters in own for parameter in parameters}
    rest = [parameter for parameter in model.parameters() if id(parameter) not in chosen]
    groups: list[dict[str, Any]] = [{"params": rest, "lr": choice.adam_lr}] if rest else []
    groups += [{"params": parameters, "lr": choice.lr, "foof": True} for parameters in own]
    return Foof(groups, layers, choice)
