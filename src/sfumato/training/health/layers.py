"""NetworkStats of every layer of a network on a few samples: any module's, as it is called.

A layer is a module without modules inside that has a weight of two or more dimensions. What follows it without
parameters of its own is its activation. Means and spreads of activations and of the gradients that come back are what
Glorot and Bengio (2010) look at from layer to layer, for signals that die or grow on the way.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from sfumato.models import MLP
from sfumato.training.health.activation_slopes import Elementwise, slopes
from sfumato.training.health.dead_units import dead_by_gradient, dead_by_slope
from sfumato.training.health.stable_rank import stable_rank

SATURATED = 0.01
"""An answer of a bounded activation where its slope is below this part of the steepest is saturated."""


@dataclass(frozen=True)
class Layer:
    """One layer on some samples. Numbers may be nan or infinite where a network has gone wrong."""

    name: str
    """In the module: ``layers.0``."""
    weight: str
    """Of its weights: ``layers.0.weight``."""
    units: int
    activation_mean: float
    """Of its units' answers, over samples and units."""
    activation_spread: float
    """Their standard deviation."""
    variation: float
    """Root mean square over its units of the standard deviation over the samples: 0 where nothing depends on place."""
    gradient_mean: float
    """Of the gradient of one sample's loss by its units' sums, over samples and units."""
    gradient_spread: float
    gradient_norm: float
    """Root mean square over the samples of that gradient's length."""
    dead: float
    """Part of its units that are dead (`sfumato.training.health.dead_units`)."""
    saturated: float | None
    """Part of its units' answers at the flat ends of a bounded activation; None for one that is not bounded."""
    stable_rank: float
    """||W||_F^2 / ||W||_2^2 of its weights."""


@dataclass
class _Call:
    name: str
    weight: str
    module: nn.Module
    sums: Tensor
    answers: Tensor
    activation: Elementwise | None = None


@dataclass
class _Calls:
    layers: list[_Call] = field(default_factory=list)

    def layer(self, name: str, weight: str) -> Callable[..., None]:
        def called(module: nn.Module, _: tuple[object, ...], output: object) -> None:
            if isinstance(output, Tensor) and output.dim() >= 2 and output.requires_grad:
                self.layers.append(_Call(name, weight, module, output, output))

        return called

    def activation(self) -> Callable[..., None]:
        def called(module: nn.Module, inputs: tuple[object, ...], output: object) -> None:
            last = self.layers[-1] if self.layers else None
            # The very sums of the last layer: what comes later in between is not told apart.
            if last and last.activation is None and inputs and inputs[0] is last.sums and isinstance(output, Tensor):
                last.activation, last.answers = module, output

        return called


def measured(
    model: nn.Module, inputs: Tensor, loss: Callable[[Tensor], Tensor], most: int
) -> tuple[list[Layer], Tensor]:
    """The layers in the order in which they are called, evenly thinned to ``most``, and the (N, C) answers.

    ``loss`` maps answers to the sum of the samples' losses. The model's parameters must ask for gradients; nothing of
    it changes but hooks, which come and go.
    """
    calls = _Calls()
    handles = [
        module.register_forward_hook(
            calls.layer(name, _joined(name, weight)) if (weight := _weight_of(module)) else calls.activation()
        )
        for name, module in model.named_modules()
        if not list(module.children()) and (_weight_of(module) or not list(module.parameters(recurse=False)))
    ]
    try:
        with torch.enable_grad():
            answers = model(inputs)
    finally:
        for handle in handles:
            handle.remove()
    found = calls.layers
    if isinstance(model, MLP) and model.sigmoid_output and found:
        found[-1].activation, found[-1].answers = torch.sigmoid, answers
    with torch.enable_grad():
        total = loss(answers)
    gradients = torch.autograd.grad(total, [each.sums for each in found], allow_unused=True) if found else []
    chosen = sorted({round(each) for each in np.linspace(0, len(found) - 1, min(len(found), most))}) if found else []
    return [_stats(found[k], gradients[k], output=k == len(found) - 1) for k in chosen], answers.detach()


def _stats(call: _Call, gradient: Tensor | None, *, output: bool) -> Layer:
    samples = len(call.sums)
    activations = call.answers.detach().reshape(samples, -1).double()
    back = torch.zeros_like(call.sums) if gradient is None else gradient
    back = back.reshape(samples, -1).double()
    found = None if call.activation is None else slopes(call.activation, call.sums)
    if found is not None:
        parts = found.parts.reshape(samples, -1)
        dead = dead_by_slope(call.sums.reshape(samples, -1), parts)
        saturated = (parts < SATURATED).double().mean() if found.bounded else None
    else:
        # A function inside someone's own module: what comes back tells whether anything passes.
        dead, saturated = dead_by_gradient(back) & (not output), None
    return Layer(
        name=call.name,
        weight=call.weight,
        units=activations.shape[1],
        activation_mean=float(activations.mean()),
        activation_spread=float(activations.std(correction=0)),
        variation=math.sqrt(float(activations.var(0, correction=0).mean())),
        gradient_mean=float(back.mean()),
        gradient_spread=float(back.std(correction=0)),
        gradient_norm=math.sqrt(float((back * back).sum(1).mean())),
        dead=float(dead.double().mean()),
        saturated=None if saturated is None else float(saturated),
        stable_rank=stable_rank(_matrix(call.module)),
    )


def _weight_of(module: nn.Module) -> str | None:
    return next((name for name, each in module.named_parameters(recurse=False) if each.dim() >= 2), None)


def _joined(name: str, weight: str) -> str:
    return f"{name}.{weight}" if name else weight


def _matrix(module: nn.Module) -> np.ndarray:
    weight = module.get_parameter(_weight_of(module) or "").detach().cpu()
    return weight.reshape(len(weight), -1).numpy()
