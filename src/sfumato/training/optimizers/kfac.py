"""K-FAC (Martens and Grosse 2015, "Optimizing Neural Networks with Kronecker-factored Approximate Curvature").

A layer's part of the Fisher matrix is taken to be A (x) G: the second moments of the layer's inputs, and those of the
loss's derivatives by its sums where the targets are drawn from what the network itself predicts. The gradient is
divided by both. Biases are weights of an input that is always 1, as in the paper.

The squared loss is that of a normal distribution of variance 1, whose derivatives by the outputs are normal numbers;
random signs have the same second moments, so the expectation of G is the same, and with one output G itself is. They
are passed back from the outputs in each step, apart from the loss, and are numbered by the step, so that a training
goes on to the same bits. For other losses the distribution stays this one.

Of the paper are the running means with their growing memory (its section 5), one damping for all layers, divided
between the two factors (6.3), and inverses that are renewed now and then (8). Not of the paper is how far a step goes:
in place of damping, rate and momentum that adapt to a quadratic model (6.4 to 7), the mean of the gradients is divided,
and what comes out is scaled to a length in the Fisher matrix's own measure. That is the bound of Ba et al. 2017,
"Distributed Second-Order Optimization using Kronecker-Factored Approximations", always reached: half its square is the
change in Kullback-Leibler divergence that the factors predict, and it is by how much they say the outputs will change.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import GradientEdge, get_gradient_edge

from sfumato.recipe import choices
from sfumato.recipe.choices.optimizers import MAX_SIDE, inversion_is_due
from sfumato.training.optimizers.adam_step import adam_step
from sfumato.training.optimizers.closure import loss_of
from sfumato.training.optimizers.foof import invert
from sfumato.training.optimizers.parameters import removed_with


class Kfac(torch.optim.Optimizer):
    """Groups with ``kfac=True`` hold a layer's weight and its bias, if it has one; the others are Adam's.

    So is a layer that is not called on the way to the outputs.

    It sees the layers' inputs, and passes errors back, whenever the model computes with gradients enabled, and steps
    with the last ones.
    """

    def __init__(
        self, groups: list[dict[str, Any]], model: nn.Module, layers: list[nn.Linear], choice: choices.KFAC
    ) -> None:
        super().__init__(groups, {"lr": choice.lr, "kfac": False})
        self._choice = choice
        self._own = {id(layer.weight) for layer in layers}
        self._inputs: dict[int, Tensor] = {}
        self._sums: dict[int, GradientEdge] = {}
        self._errors: dict[int, Tensor] = {}
        see, look = weakref.WeakMethod(self._see), weakref.WeakMethod(self._look)

        def after_layer(layer: nn.Module, arguments: tuple[Any, ...], sums: Any) -> None:
            # The model may live longer than its optimizer.
            if (method := see()) is not None:
                method(layer, arguments, sums)

        def after_model(_: nn.Module, __: tuple[Any, ...], outputs: Any) -> None:
            if (method := look()) is not None:
                method(outputs)

        handles = [layer.register_forward_hook(after_layer) for layer in layers]
        removed_with(self, [*handles, model.register_forward_hook(after_model)])

    def _see(self, layer: nn.Module, arguments: tuple[Any, ...], sums: Any) -> None:
        # A copy of the model has the same hooks.
        if isinstance(layer, nn.Linear) and id(layer.weight) in self._own and sums.requires_grad:
            x = arguments[0].detach()
            x = x.reshape(-1, x.shape[-1])[: self._choice.samples]
            ones = torch.ones_like(x[:, :1])
            self._inputs[id(layer.weight)] = x if layer.bias is None else torch.cat([x, ones], dim=1)
            # Not the tensor, which an activation may overwrite.
            self._sums[id(layer.weight)] = get_gradient_edge(sums)

    def _look(self, outputs: Any) -> None:
        sums, self._sums = self._sums, {}
        if not (sums and isinstance(outputs, Tensor) and outputs.requires_grad):
            return
        random = torch.Generator().manual_seed(self._taken())
        signs = torch.randint(0, 2, outputs.shape, generator=random).mul_(2).sub_(1).to(outputs)
        found = torch.autograd.grad(outputs, list(sums.values()), signs, retain_graph=True, allow_unused=True)
        for layer, errors in zip(sums, found, strict=True):
            if errors is not None:
                self._errors[layer] = errors.reshape(-1, errors.shape[-1])[: self._choice.samples]

    def _taken(self) -> int:
        """Steps."""
        return max((state["step"] for state in self.state.values() if "inputs" in state), default=0)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """One update of every parameter that has a gradient."""
        loss = loss_of(closure)
        updates: list[tuple[list[nn.Parameter], Tensor, float]] = []
        square = 0.0
        for group in self.param_groups:
            parameters, rate = group["params"], group["lr"]
            with_gradient = [parameter for parameter in parameters if parameter.grad is not None]
            # A module of one's own may use a layer's weights without calling it: then nothing is known of it.
            if group["kfac"] and id(parameters[0]) in self._errors and len(with_gradient) == len(parameters):
                update, product = self._divided(parameters)
                updates.append((parameters, update, rate))
                square += product
                continue
            for parameter in with_gradient:
                adam_step(parameter, self.state[parameter], rate)
        # Otherwise nothing to do, or not a number: then the weights are not either.
        if square > 0:
            for parameters, update, rate in updates:
                places = update.split([parameter[0].numel() for parameter in parameters], dim=1)
                for parameter, piece in zip(parameters, places, strict=True):
                    parameter.add_(piece.reshape(parameter.shape), alpha=-rate / math.sqrt(square))
        return loss

    def _divided(self, parameters: list[nn.Parameter]) -> tuple[Tensor, float]:
        """The mean gradient of a layer divided by the factors, and its product with what it is divided from."""
        choice, weight = self._choice, parameters[0]
        columns = [parameter.grad.reshape(len(weight), -1) for parameter in parameters if parameter.grad is not None]
        gradient, state = torch.cat(columns, dim=1), self.state[weight]
        if not state:
            state["step"] = 0
            state["momentum"] = torch.zeros_like(gradient)
            for name, size in (("errors", len(weight)), ("inputs", gradient.shape[1])):
                state[name] = gradient.new_zeros(size, size)
                state[f"{name}_inverse"] = torch.zeros_like(state[name])
        state["step"] += 1
        step = state["step"]
        new = max(1 / step, 1 - choice.decay)
        for name, seen in (("errors", self._errors), ("inputs", self._inputs)):
            rows = seen[id(weight)]
            state[name].mul_(1 - new).addmm_(rows.mT, rows, alpha=new / len(rows))
        if inversion_is_due(step, choice.every):
            _invert(state, choice.damping)
        mean = state["momentum"].lerp_(gradient, 1 - choice.momentum)
        update = state["errors_inverse"] @ mean @ state["inputs_inverse"]
        return update, float((update * mean).sum())


def _invert(state: dict[str, Any], damping: float) -> None:
    # The paper's pi divides the damping so that both factors have the same part of their mean eigenvalue added.
    mean = math.sqrt(float(state["inputs"].diagonal().mean() * state["errors"].diagonal().mean()))
    for name in ("errors", "inputs"):
        inverse = invert(state[name], math.sqrt(damping) / mean) if mean > 0 else None
        if inverse is not None:
            state[f"{name}_inverse"].copy_(inverse)


def _fits(layer: nn.Linear) -> bool:
    """Whether its weights are its own, all trained, and not too many: not those of `torch.nn.utils.parametrize`."""
    names = [name for name, parameter in layer.named_parameters() if parameter.requires_grad]
    trained = names == (["weight"] if layer.bias is None else ["weight", "bias"])
    return trained and max(layer.in_features + 1, layer.out_features) <= MAX_SIDE


def build(choice: choices.KFAC, model: nn.Module, threads: int) -> torch.optim.Optimizer:
    """One group a linear layer at ``lr``; the rest in another, at ``adam_lr``."""
    layers: list[nn.Linear] = []
    chosen: set[int] = set()
    for layer in model.modules():
        if isinstance(layer, nn.Linear) and _fits(layer) and id(layer.weight) not in chosen:
            layers.append(layer)
            chosen.update(id(parameter) for parameter in layer.parameters())
    rest = [parameter for parameter in model.parameters() if id(parameter) not in chosen]
    groups: list[dict[str, Any]] = [{"params": rest, "lr": choice.adam_lr}] if rest else []
    groups += [{"params": list(layer.parameters()), "lr": choice.lr, "kfac": True} for layer in layers]
    return Kfac(groups, model, layers, choice)
