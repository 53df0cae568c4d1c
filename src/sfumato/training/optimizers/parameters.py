"""A model's parameters by their part in it."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from dataclasses import dataclass

from torch import nn
from torch.utils.hooks import RemovableHandle

from sfumato.models.mlp import MLP


@dataclass(frozen=True)
class Layer:
    """Parameters that share a fan-in."""

    parameters: list[nn.Parameter]
    fan_in: int


def layers(model: nn.Module) -> list[Layer]:
    """Each linear layer with its fan-in, the bias counted; parameters outside of linear layers have fan-in 0."""
    found: list[Layer] = []
    seen: set[int] = set()
    for module in model.modules():
        own = [parameter for parameter in module.parameters(recurse=False) if id(parameter) not in seen]
        seen.update(id(parameter) for parameter in own)
        if own:
            found.append(Layer(own, module.in_features + 1 if isinstance(module, nn.Linear) else 0))
    return found


def hidden_matrices(model: nn.Module) -> list[nn.Parameter]:
    """The matrices between the first and the last one: what orthogonalized updates are for.

    Of a recipe's own network those of its layers: what an encoding trains is no layer.
    """
    if isinstance(model, MLP):
        matrices = [layer.get_parameter("weight") for layer in model.linear_layers()]
    else:
        matrices = [parameter for parameter in model.parameters() if parameter.ndim == 2]
    return matrices[1:-1]


def hidden_linear(model: nn.Module) -> list[nn.Linear]:
    """The linear layers between the first and the last one, as the model has them; once where they share a weight."""
    found = {id(module.weight): module for module in model.modules() if isinstance(module, nn.Linear)}
    return list(found.values())[1:-1]


def removed_with(owner: object, hooks: Iterable[RemovableHandle]) -> None:
    """Remove the hooks when their owner goes: a model that it leaves behind can be pickled again."""
    for hook in hooks:
        weakref.finalize(owner, hook.remove)
