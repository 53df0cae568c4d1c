"""Selections of a model's parameters: by fan-in, hidden matrices, hidden linear layers."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from dataclasses import dataclass

from torch import nn
from torch.utils.hooks import RemovableHandle

from sfumato.models.complex_mlp import ComplexLinear
from sfumato.models.network import LayeredNetwork
from sfumato.models.normalizations import WeightNormLinear


@dataclass(frozen=True)
class FanInGroup:
    """Parameters that share a fan-in."""

    parameters: list[nn.Parameter]
    fan_in: int


def fan_in_groups(model: nn.Module) -> list[FanInGroup]:
    """Return a group per linear layer, whose fan-in counts the bias; other parameters have fan-in 0."""
    groups: list[FanInGroup] = []
    seen: set[int] = set()
    others = model.fan_in_of() if isinstance(model, LayeredNetwork) else {}
    for module in model.modules():
        direct = [parameter for parameter in module.parameters(recurse=False) if id(parameter) not in seen]
        seen.update(id(parameter) for parameter in direct)
        if direct:
            own = module.in_features + 1 if isinstance(module, nn.Linear) else 0
            groups.append(FanInGroup(direct, others.get(id(module), own)))
    return groups


def hidden_matrices(model: nn.Module) -> list[nn.Parameter]:
    """Return all matrices except the first and the last one, to which orthogonalized updates apply.

    Of a `LayeredNetwork` only the weights of its layers count, not the parameters of a trained encoding.
    """
    if isinstance(model, LayeredNetwork):
        matrices = [layer.get_parameter("weight") for layer in model.linear_layers()]
    else:
        matrices = [parameter for parameter in model.parameters() if parameter.ndim == 2]
    return matrices[1:-1]


def hidden_linear(model: nn.Module) -> list[nn.Linear]:
    """Return all linear layers except the first and the last one, in the model's order; tied ones count once.

    Of a `LayeredNetwork` only its own layers count, of complex ones none: their inputs are pairs.
    """
    if isinstance(model, LayeredNetwork):
        return [layer for layer in model.linear_layers()[1:-1] if not isinstance(layer, ComplexLinear)]
    distinct = {id(module.weight): module for module in model.modules() if isinstance(module, nn.Linear)}
    return list(distinct.values())[1:-1]


def matrix_parameters(layer: nn.Linear) -> list[nn.Parameter]:
    """Return a linear layer's trained weights and biases, without the gain of weight normalization."""
    if isinstance(layer, WeightNormLinear):
        return [each for each in layer.parameters() if each is not layer.gain]
    return list(layer.parameters(recurse=False))


def remove_with_owner(owner: object, hooks: Iterable[RemovableHandle]) -> None:
    """Remove the hooks when their owner is garbage-collected, so that the model can be pickled again."""
    for hook in hooks:
        weakref.finalize(owner, hook.remove)
