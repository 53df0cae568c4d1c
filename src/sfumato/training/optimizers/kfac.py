"""K-FAC (Martens and Grosse 2015, "Optimizing Neural Networks with Kronecker-factored Approximate Curvature").

A layer's block of the Fisher matrix is approximated by A (x) G: A are the second moments of the layer's inputs, G those
of the loss's derivatives by its preactivations when targets are drawn from the network's own predictive distribution.
The gradient D is multiplied by the inverses of both: W -= s * G^-1 D A^-1, with a scale s, as below. Biases are weights
of an input that is always 1, as in the paper.

The MSE loss belongs to a normal distribution of variance 1, whose derivatives by the outputs are normally distributed;
random signs have the same second moments, so the expectation of G is the same, and with one output G itself is. The
signs are backpropagated from the outputs in each step, separately from the loss, and are seeded by the step's number,
so that a resumed training gives the same bits. For other losses the distribution stays this one.

From the paper are the running means with their growing memory (its section 5), one damping for all layers, divided
between the two factors (6.3), and the inverses' update interval (8). The length of a step differs: in place of damping,
rate and momentum that adapt to a quadratic model (6.4 to 7), the mean of the gradients is preconditioned, and the
result is scaled to a fixed length in the metric of the Fisher matrix. That is the bound of Ba et al. 2017,
"Distributed Second-Order Optimization using Kronecker-Factored Approximations", always attained: half its square is the
change in Kullback-Leibler divergence that the factors predict, and it is their prediction of how much outputs change.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import GradientEdge, get_gradient_edge

from sfumato.models.complex_mlp import ComplexLinear
from sfumato.models.normalizations import WeightNormLinear
from sfumato.recipe import choices
from sfumato.recipe.choices.optimizers import MAX_SIDE, inversion_is_due
from sfumato.training.optimizers.adam_step import adam_step, evaluate_closure
from sfumato.training.optimizers.foof import invert
from sfumato.training.optimizers.parameters import matrix_parameters, remove_with_owner


class KFAC(torch.optim.Optimizer):
    """K-FAC for groups with ``kfac=True`` (a layer's weight and its bias, if it has one), Adam for the others.

    Adam also updates a layer that is not called in the computation of the outputs.

    Forward hooks record the layers' inputs and backpropagate random errors whenever the model computes with gradients
    enabled; a step uses the last recorded ones.
    """

    def __init__(
        self, groups: list[dict[str, Any]], model: nn.Module, layers: list[nn.Linear], choice: choices.KFAC
    ) -> None:
        super().__init__(groups, {"lr": choice.lr, "kfac": False})
        self._choice = choice
        self._layers = {id(layer.weight) for layer in layers}
        self._inputs: dict[int, Tensor] = {}
        self._preactivations: dict[int, GradientEdge] = {}
        self._errors: dict[int, Tensor] = {}
        record, backpropagate = weakref.WeakMethod(self._record), weakref.WeakMethod(self._backpropagate_signs)

        def after_layer(layer: nn.Module, arguments: tuple[Any, ...], preactivations: Any) -> None:
            # The model may live longer than its optimizer.
            if (method := record()) is not None:
                method(layer, arguments, preactivations)

        def after_model(_: nn.Module, __: tuple[Any, ...], outputs: Any) -> None:
            if (method := backpropagate()) is not None:
                method(outputs)

        handles = [layer.register_forward_hook(after_layer) for layer in layers]
        remove_with_owner(self, [*handles, model.register_forward_hook(after_model)])

    def _record(self, layer: nn.Module, arguments: tuple[Any, ...], preactivations: Any) -> None:
        # A copy of the model has the same hooks.
        if isinstance(layer, nn.Linear) and id(layer.weight) in self._layers and preactivations.requires_grad:
            x = arguments[0].detach()
            x = x.reshape(-1, x.shape[-1])[: self._choice.samples]
            ones = torch.ones_like(x[:, :1])
            self._inputs[id(layer.weight)] = x if layer.bias is None else torch.cat([x, ones], dim=1)
            # Not the tensor, which an in-place activation may overwrite.
            self._preactivations[id(layer.weight)] = get_gradient_edge(preactivations)

    def _backpropagate_signs(self, outputs: Any) -> None:
        preactivations, self._preactivations = self._preactivations, {}
        if not (preactivations and isinstance(outputs, Tensor) and outputs.requires_grad):
            return
        random = torch.Generator().manual_seed(self._steps_taken())
        signs = torch.randint(0, 2, outputs.shape, generator=random).mul_(2).sub_(1).to(outputs)
        edges = list(preactivations.values())
        gradients = torch.autograd.grad(outputs, edges, signs, retain_graph=True, allow_unused=True)
        for layer, errors in zip(preactivations, gradients, strict=True):
            if errors is not None:
                self._errors[layer] = errors.reshape(-1, errors.shape[-1])[: self._choice.samples]

    def _steps_taken(self) -> int:
        """Return the number of steps taken."""
        return max((state["step"] for state in self.state.values() if "inputs" in state), default=0)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Update every parameter that has a gradient; return the closure's loss."""
        loss = evaluate_closure(closure)
        updates: list[tuple[list[nn.Parameter], Tensor, float]] = []
        square = 0.0
        for group in self.param_groups:
            parameters, rate = group["params"], group["lr"]
            with_gradient = [parameter for parameter in parameters if parameter.grad is not None]
            # A custom module may use a layer's weights without calling it: then its inputs and errors are unknown.
            if group["kfac"] and id(parameters[0]) in self._errors and len(with_gradient) == len(parameters):
                update, product = self._preconditioned(parameters)
                updates.append((parameters, update, rate))
                square += product
                continue
            for parameter in with_gradient:
                adam_step(parameter, self.state[parameter], rate, self._choice.adam_beta2)
        # Else all gradients are 0, or there are NaNs, and then the weights are NaN too.
        if square > 0:
            for parameters, update, rate in updates:
                pieces = update.split([parameter[0].numel() for parameter in parameters], dim=1)
                for parameter, piece in zip(parameters, pieces, strict=True):
                    parameter.add_(piece.reshape(parameter.shape), alpha=-rate / math.sqrt(square))
        return loss

    def _preconditioned(self, parameters: list[nn.Parameter]) -> tuple[Tensor, float]:
        """Return a layer's preconditioned mean gradient, and its scalar product with the mean gradient."""
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
        for name, recorded in (("errors", self._errors), ("inputs", self._inputs)):
            rows = recorded[id(weight)]
            state[name].mul_(1 - new).addmm_(rows.mT, rows, alpha=new / len(rows))
        if inversion_is_due(step, choice.update_interval):
            _invert(state, choice.damping)
        mean = state["momentum"].lerp_(gradient, 1 - choice.momentum)
        update = state["errors_inverse"] @ mean @ state["inputs_inverse"]
        return update, float((update * mean).sum())


def _invert(state: dict[str, Any], damping: float) -> None:
    # The paper's pi divides the damping such that each factor gets the same fraction of its mean eigenvalue.
    mean = math.sqrt(float(state["inputs"].diagonal().mean() * state["errors"].diagonal().mean()))
    for name in ("errors", "inputs"):
        inverse = invert(state[name], math.sqrt(damping) / mean) if mean > 0 else None
        if inverse is not None:
            state[f"{name}_inverse"].copy_(inverse)


def _can_precondition(layer: nn.Linear) -> bool:
    """Return whether K-FAC can precondition a layer: all its parameters trained, none parametrized, not too large.

    The inputs of a complex layer are pairs of numbers for each weight.
    """
    if isinstance(layer, ComplexLinear):
        return False
    if isinstance(layer, WeightNormLinear):
        trained = all(parameter.requires_grad for parameter in layer.parameters())
    else:
        names = [name for name, parameter in layer.named_parameters() if parameter.requires_grad]
        trained = names == (["weight"] if layer.bias is None else ["weight", "bias"])
    return trained and max(layer.in_features + 1, layer.out_features) <= MAX_SIDE


def build(choice: choices.KFAC, model: nn.Module, threads: int) -> torch.optim.Optimizer:
    """Return K-FAC with one group per linear layer, at ``lr``, and one of all other parameters, at ``adam_lr``."""
    layers: list[nn.Linear] = []
    chosen: set[int] = set()
    for layer in model.modules():
        if isinstance(layer, nn.Linear) and _can_precondition(layer) and id(layer.weight) not in chosen:
            layers.append(layer)
            chosen.update(id(parameter) for parameter in matrix_parameters(layer))
    rest = [parameter for parameter in model.parameters() if id(parameter) not in chosen]
    groups: list[dict[str, Any]] = [{"params": rest, "lr": choice.adam_lr}] if rest else []
    groups += [{"params": matrix_parameters(layer), "lr": choice.lr, "kfac": True} for layer in layers]
    return KFAC(groups, model, layers, choice)
