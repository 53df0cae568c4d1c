"""Statistics of every layer of any module on some samples, recorded as the module is called.

A layer is a module without submodules that has a weight of two or more dimensions. The module without parameters that
is applied to its output, or to the layer normalization of its output, is its activation. Glorot and Bengio (2010)
compare the means and standard deviations of activations and of backpropagated gradients from layer to layer, to find
signals that vanish or explode.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sfumato.models import LayeredNetwork
from sfumato.models.normalizations import weights_of
from sfumato.training.health.dead_units import Elementwise, activation_grads, dead_by_activation_grads, dead_by_gradient

SMALL = 16
"""Number of rows or columns up to which the largest singular value is computed from the Gram matrix."""

SATURATED = 0.01
"""Derivative of a bounded activation, relative to its largest, below which an output is saturated."""


def stable_rank(matrix: NDArray[np.floating]) -> float:
    """Return the stable rank of a (rows, columns) matrix, ||W||_F^2 / ||W||_2^2 (Rudelson and Vershynin 2007).

    It lies between 1, where all units have the same weights but for a factor, and the rank. Unlike the rank, it is
    insensitive to small changes of the matrix. It is nan if an element is not finite or all are 0.
    """
    values = np.asarray(matrix, np.float64)
    size = np.abs(values).max(initial=0.0)
    if not np.isfinite(size) or size == 0:
        return float("nan")
    # Scaling prevents overflow and underflow of the squares.
    values = values / size
    if min(values.shape) <= SMALL:
        gram = values @ values.T if values.shape[0] <= values.shape[1] else values.T @ values
        largest = float(np.linalg.eigvalsh(gram)[-1])
    else:
        # Lanczos iteration takes a hundredth of the time of a full SVD. The fixed start makes the result repeatable.
        from scipy.sparse.linalg import svds

        start = np.random.default_rng(0).standard_normal(min(values.shape))
        singular: Any = svds(values, k=1, tol=1e-4, v0=start, return_singular_vectors=False)  # pyright: ignore[reportArgumentType]
        largest = float(singular[0]) ** 2
    return float((values * values).sum()) / largest


@dataclass(frozen=True)
class Layer:
    """Statistics of one layer on some samples; nan or infinite values are possible."""

    name: str
    """Name in the module, such as ``layers.0``."""
    weight: str
    """Name of its weights, such as ``layers.0.weight``."""
    units: int
    activation_mean: float
    """Mean of its outputs, over samples and units."""
    activation_spread: float
    """Standard deviation of its outputs, over samples and units."""
    variation: float
    """Root mean square, over units, of the standard deviation over samples: 0 if no output depends on the input."""
    gradient_mean: float
    """Mean of the gradient of one sample's loss by the preactivations, over samples and units."""
    gradient_spread: float
    """Standard deviation of that gradient, over samples and units."""
    gradient_norm: float
    """Root mean square, over samples, of that gradient's norm."""
    dead: float
    """Fraction of its units that are dead (`sfumato.training.health.dead_units`)."""
    saturated: float | None
    """Fraction of its outputs that are saturated; None if the activation is not bounded."""
    stable_rank: float
    """||W||_F^2 / ||W||_2^2 of its weights W."""


@dataclass
class _Call:
    name: str
    weight: str
    module: nn.Module
    preactivations: Tensor
    outputs: Tensor
    activation: Elementwise | None = None


@dataclass
class _CallRecorder:
    layers: list[_Call] = field(default_factory=list)

    def hook_of(self, name: str, module: nn.Module) -> Callable[..., None] | None:
        """Return the hook of a module, or None for one that contains others or has parameters of another kind."""
        if list(module.children()):
            return None
        if weight := _weight_of(module):
            return self.layer_hook(name, _joined(name, weight))
        if isinstance(module, nn.LayerNorm):
            return self.normalization_hook()
        return None if list(module.parameters(recurse=False)) else self.activation_hook()

    def layer_hook(self, name: str, weight: str) -> Callable[..., None]:
        def hook(module: nn.Module, _: tuple[object, ...], output: object) -> None:
            if isinstance(output, Tensor) and output.dim() >= 2 and output.requires_grad:
                self.layers.append(_Call(name, weight, module, output, output))

        return hook

    def normalization_hook(self) -> Callable[..., None]:
        def hook(_: nn.Module, inputs: tuple[object, ...], output: object) -> None:
            last = self.layers[-1] if self.layers else None
            if last is not None and isinstance(output, Tensor) and inputs and inputs[0] is last.preactivations:
                last.preactivations = last.outputs = output

        return hook

    def activation_hook(self) -> Callable[..., None]:
        def hook(module: nn.Module, inputs: tuple[object, ...], output: object) -> None:
            last = self.layers[-1] if self.layers else None
            if last is None or last.activation is not None or not isinstance(output, Tensor):
                return
            # Only a module that is applied to the very output of the last layer is its activation.
            if inputs and inputs[0] is last.preactivations:
                last.activation, last.outputs = module, output

        return hook


def measure_layers(
    model: nn.Module, inputs: Tensor, loss: Callable[[Tensor], Tensor], max_layers: int
) -> tuple[list[Layer], Tensor]:
    """Return the layers in the order of their calls, at most ``max_layers`` evenly spaced ones, and (N, C) outputs.

    ``loss`` maps outputs to the sum of the samples' losses. The model's parameters must require gradients. The model is
    not changed, except for hooks that are removed at the end.
    """
    recorder = _CallRecorder()
    handles = [
        module.register_forward_hook(hook)
        for name, module in model.named_modules()
        if (hook := recorder.hook_of(name, module)) is not None
    ]
    try:
        with torch.enable_grad():
            outputs = model(inputs)
    finally:
        for handle in handles:
            handle.remove()
    calls = recorder.layers
    if not calls:
        return [], outputs.detach()
    if isinstance(model, LayeredNetwork) and model.sigmoid_output:
        calls[-1].activation, calls[-1].outputs = torch.sigmoid, outputs
    with torch.enable_grad():
        total = loss(outputs)
    gradients = torch.autograd.grad(total, [each.preactivations for each in calls], allow_unused=True)
    chosen = sorted({round(each) for each in np.linspace(0, len(calls) - 1, min(len(calls), max_layers))})
    return [_stats(calls[k], gradients[k], output=k == len(calls) - 1) for k in chosen], outputs.detach()


def _stats(call: _Call, gradient: Tensor | None, *, output: bool) -> Layer:
    samples = len(call.preactivations)
    outputs = call.outputs.detach().reshape(samples, -1).double()
    gradients = torch.zeros_like(call.preactivations) if gradient is None else gradient
    gradients = gradients.reshape(samples, -1).double()
    grads = None if call.activation is None else activation_grads(call.activation, call.preactivations)
    if grads is not None:
        relative = grads.relative.reshape(samples, -1)
        dead = dead_by_activation_grads(call.preactivations.reshape(samples, -1), relative)
        saturated = (relative < SATURATED).double().mean() if grads.bounded else None
    else:
        # The activation is a function inside a custom module: only the gradient shows whether anything passes.
        dead, saturated = dead_by_gradient(gradients) & (not output), None
    return Layer(
        name=call.name,
        weight=call.weight,
        units=outputs.shape[1],
        activation_mean=float(outputs.mean()),
        activation_spread=float(outputs.std(correction=0)),
        variation=math.sqrt(float(outputs.var(0, correction=0).mean())),
        gradient_mean=float(gradients.mean()),
        gradient_spread=float(gradients.std(correction=0)),
        gradient_norm=math.sqrt(float((gradients * gradients).sum(1).mean())),
        dead=float(dead.double().mean()),
        saturated=None if saturated is None else float(saturated),
        stable_rank=stable_rank(_matrix(call.module)),
    )


def _weight_of(module: nn.Module) -> str | None:
    return next((name for name, each in module.named_parameters(recurse=False) if each.dim() >= 2), None)


def _joined(name: str, weight: str) -> str:
    return f"{name}.{weight}" if name else weight


def _matrix(module: nn.Module) -> np.ndarray:
    weight = weights_of(module) if isinstance(module, nn.Linear) else module.get_parameter(_weight_of(module) or "")
    weight = weight.detach().cpu()
    return weight.reshape(len(weight), -1).numpy()
