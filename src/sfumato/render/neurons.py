"""What each hidden unit of a multilayer perceptron answers at each place, and how much it matters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sfumato import models
from sfumato.errors import RunError
from sfumato.models import WHOLE, Region
from sfumato.models.outputs import TILE
from sfumato.recipe import Coordinates
from sfumato.render.zoom import Size

CONSTANT = 1e-6
"""A unit is dead when its answers differ by no more than this part of their largest."""


@dataclass(frozen=True)
class Layer:
    """The units of one hidden layer over a region of the picture."""

    answers: NDArray[np.float32]
    """(units, rows, columns), after the activation."""
    importance: NDArray[np.float64]
    """(units,): the mean of |answer x norm of the weights that it goes out through|."""

    @property
    def order(self) -> NDArray[np.intp]:
        """(units,) numbers of the units, the most important first."""
        return np.argsort(-np.nan_to_num(self.importance, nan=0.0), kind="stable")

    @property
    def dead(self) -> NDArray[np.bool_]:
        """(units,): those that answer the same everywhere, and so say nothing of the place."""
        low, high = self.answers.min(axis=(1, 2)), self.answers.max(axis=(1, 2))
        return high - low <= CONSTANT * np.maximum(np.abs(low), np.abs(high))


def depth(model: torch.nn.Module) -> int:
    """The number of hidden layers. Raises RunError for what is no multilayer perceptron."""
    return len(_perceptron(model).linear_layers()) - 1


def units(model: torch.nn.Module, number: int) -> int:
    """The number of units of a hidden layer, 1 the first. Raises RunError as `layer` does."""
    perceptron = _perceptron(model)
    hidden = depth(perceptron)
    if not 1 <= number <= hidden:
        raise RunError(f"neurons must be a hidden layer from 1 to {hidden}, or all. Got {number}.")
    return perceptron.linear_layers()[number - 1].out_features


def layer(
    model: torch.nn.Module,
    coordinates: Coordinates,
    number: int,
    size: Size,
    region: Region = WHOLE,
    some: slice = slice(None),
) -> Layer:
    """The units of the hidden layer `number`, 1 the first, or `some` of them, each over `size` places of a region.

    Raises RunError where the model is no multilayer perceptron, or has no such layer.
    """
    perceptron = _perceptron(model)
    chosen = range(units(model, number))[some]
    answers = np.empty((len(chosen), size[0] * size[1]), np.float32)
    heard: list[torch.Tensor] = []

    def listen(*heard_of: Any) -> None:
        # PyTorch tells (module, its inputs, its answer).
        heard.append(heard_of[2])

    # All hidden layers share one activation: its n-th answer is that of the n-th layer, however they are joined.
    listening = perceptron.activate.register_forward_hook(listen)
    try:
        with torch.inference_mode():
            first_weight = next(perceptron.parameters())
            places = torch.from_numpy(models.grid(coordinates, *size, region))
            for first in range(0, len(places), TILE):
                tile = places[first : first + TILE].to(first_weight.device, first_weight.dtype)
                heard.clear()
                perceptron(tile)
                # A network that diverged answers nan: its units are as good as dead.
                told = torch.nan_to_num(heard[number - 1][:, some], nan=0.0, posinf=0.0, neginf=0.0)
                answers[:, first : first + TILE] = told.T.float().cpu().numpy()
    finally:
        listening.remove()
    # The columns after them, where there are some, are those of coordinates that join.
    weights = perceptron.linear_layers()[number].weight.detach()[:, : units(model, number)][:, some]
    outgoing = weights.double().norm(dim=0).cpu().numpy()
    importance = np.abs(answers).mean(axis=1, dtype=np.float64) * outgoing
    return Layer(answers.reshape(-1, *size), importance)


def _perceptron(model: torch.nn.Module) -> models.MLP:
    if not isinstance(model, models.MLP):
        raise RunError(f"neurons must be those of a multilayer perceptron (MLP). Got {type(model).__name__}.")
    return model
