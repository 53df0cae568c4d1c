"""FOOF (Benzing 2022, "Gradient Descent on Neurons and its Link to Approximate Second-Order Optimization").

A layer's gradient is a sum of products of errors and inputs. If inputs are similar for all samples, as those of hidden
layers are, the gradient points along their common component; multiplying it by the inverse of their second moments
A = E[x x^T] removes that. This is K-FAC without the factor of the errors. Here the gradient is averaged over time
first, and the result is scaled to the norm of an orthogonal matrix, so that the learning rate alone determines the
length of a step (as in Muon; Jordan et al. 2024). Biases are weights of an input that is always 1. The first and the
last layer are updated by Adam.
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
from sfumato.training.optimizers.adam_step import adam_step, evaluate_closure
from sfumato.training.optimizers.parameters import hidden_linear, matrix_parameters, remove_with_owner


def invert(moments: Tensor, damping: float) -> Tensor | None:
    """Return the inverse of the moments plus ``damping`` times their mean eigenvalue, (n, n) -> (n, n), float64.

    Only the lower triangle of the moments is read. Return None if they are not positive definite, as after divergence.
    """
    damped = moments.double()
    damped = damped + torch.eye(len(damped), dtype=torch.float64) * (damping * damped.diagonal().mean())
    factor, failed = torch.linalg.cholesky_ex(damped)
    return None if failed or not torch.isfinite(factor).all() else torch.cholesky_inverse(factor)


def moment_decay(step: int, decay: float) -> float:
    """Return the decay of the moments' sum in this step (from 1): 1 for the first 1 / (1 - decay) steps, then decay."""
    return 1.0 if (step - 1) * (1 - decay) < 1 else decay


class FOOF(torch.optim.Optimizer):
    """FOOF for groups with ``foof=True`` (a layer's weight and its bias, if it has one), Adam for the others.

    Forward hooks record the layers' inputs whenever the model computes with gradients enabled; a step uses the last
    recorded ones.
    """

    def __init__(self, groups: list[dict[str, Any]], layers: list[nn.Linear], choice: choices.FOOF) -> None:
        super().__init__(groups, {"lr": choice.lr, "foof": False})
        self._choice = choice
        self._inputs: dict[int, Tensor] = {}
        record_inputs = weakref.WeakMethod(self._record_inputs)

        def hook(layer: nn.Module, arguments: tuple[Any, ...]) -> None:
            # The model may live longer than its optimizer.
            if (method := record_inputs()) is not None:
                method(layer, arguments)

        remove_with_owner(self, [layer.register_forward_pre_hook(hook) for layer in layers])

    def _record_inputs(self, layer: nn.Module, arguments: tuple[Any, ...]) -> None:
        if torch.is_grad_enabled() and isinstance(layer, nn.Linear):
            x = arguments[0].detach()
            x = x.reshape(-1, x.shape[-1])[: self._choice.samples]
            ones = torch.ones_like(x[:, :1])
            self._inputs[id(layer.weight)] = x if layer.bias is None else torch.cat([x, ones], dim=1)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Update every parameter that has a gradient; return the closure's loss."""
        loss = evaluate_closure(closure)
        for group in self.param_groups:
            rate = group["lr"]
            if group["foof"]:
                if any(parameter.grad is None for parameter in group["params"]):
                    continue
                if id(group["params"][0]) in self._inputs:
                    self._layer_step(group["params"], rate)
                    continue
                # A custom module may use a layer's weights without calling it: then its inputs are unknown.
                rate *= self._choice.adam_lr / self._choice.lr
            for parameter in group["params"]:
                if parameter.grad is not None:
                    adam_step(parameter, self.state[parameter], rate, self._choice.adam_beta2)
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
        # Sums, not means, because the update is scaled anyway.
        state["moments"].mul_(moment_decay(step, choice.decay)).addmm_(inputs.mT, inputs)
        if step == 1:
            self._invert(state)
        momentum = state["momentum"].lerp_(gradient, 1 - choice.momentum)
        update = gradient.lerp(momentum, choice.momentum) @ state["inverse"]
        norm = float(update.norm())
        if norm > 0:
            update *= -rate * math.sqrt(len(weight)) / norm
            pieces = update.split([parameter[0].numel() for parameter in parameters], dim=1)
            for parameter, piece in zip(parameters, pieces, strict=True):
                parameter.add_(piece.reshape(parameter.shape))
        if step > 1 and inversion_is_due(step, choice.update_interval):
            self._invert(state)

    def _invert(self, state: dict[str, Any]) -> None:
        inverse = invert(state["moments"], self._choice.damping)
        if inverse is not None:
            state["inverse"].copy_(inverse)


def build(choice: choices.FOOF, model: nn.Module, threads: int) -> torch.optim.Optimizer:
    """Return FOOF with a group per hidden linear layer, at ``lr``, and one of all other parameters, at ``adam_lr``."""
    layers = hidden_linear(model)
    preconditioned = [matrix_parameters(layer) for layer in layers]
    chosen = {id(parameter) for parameters in preconditioned for parameter in parameters}
    rest = [parameter for parameter in model.parameters() if id(parameter) not in chosen]
    groups: list[dict[str, Any]] = [{"params": rest, "lr": choice.adam_lr}] if rest else []
    groups += [{"params": parameters, "lr": choice.lr, "foof": True} for parameters in preconditioned]
    return FOOF(groups, layers, choice)
