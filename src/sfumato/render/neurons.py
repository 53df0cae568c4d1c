"""What each hidden unit of a multilayer perceptron answers at each place, and how much it matters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from sfumato import models
from sfumato.errors import RunError
from sfumato.models import WHOLE, Region
from sfumato.models.outputs import TILE
from sfumato.recipe import Coordinates
from sfumato.render.zoom import Size
from sfumato.training.health import dead_by_preactivations


@dataclass(frozen=True)
class Layer:
    """The units of one hidden layer over a region of the picture."""

    answers: NDArray[np.float32]
    """(units, rows, columns), after the activation."""
    importance: NDArray[np.float64]
    """(units,): the mean of |answer x norm of the weights that it goes out through|."""
    dead: NDArray[np.bool_]
    """(units,): those that are dead (`sfumato.training.health.dead_units`) at the places of the region."""

    @property
    def order(self) -> NDArray[np.intp]:
        """(units,) numbers of the units, the most important first."""
        return np.argsort(-np.nan_to_num(self.importance, nan=0.0), kind="stable")


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
    dead = np.ones(len(chosen), np.bool_)
    heard: list[tuple[torch.Tensor, torch.Tensor]] = []

    def listen(_module: torch.nn.Module, inputs: tuple[torch.Tensor, ...], outputs: torch.Tensor) -> None:
        heard.append((inputs[0], outputs))

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
                sums, outputs = (each[:, some] for each in heard[number - 1])
                # Slopes are found by automatic differentiation, which inference mode turns off.
                with torch.inference_mode(mode=False):
                    without_gradient = dead_by_preactivations(perceptron.activate, sums)
                dead &= False if without_gradient is None else without_gradient.cpu().numpy()
                # Outputs of a network that diverged may be no numbers.
                told = torch.nan_to_num(outputs, nan=0.0, posinf=0.0, neginf=0.0)
                answers[:, first : first + TILE] = told.T.float().cpu().numpy()
    finally:
        listening.remove()
    # The columns after them, where there are some, are those of coordinates that join.
    weights = perceptron.linear_layers()[number].weight.detach()[:, : units(model, number)][:, some]
    outgoing = weights.double().norm(dim=0).cpu().numpy()
    importance = np.abs(answers).mean(axis=1, dtype=np.float64) * outgoing
    return Layer(answers.reshape(-1, *size), importance, dead)


def _perceptron(model: torch.nn.Module) -> models.MLP:
    if not isinstance(model, models.MLP):
        raise RunError(f"neurons must be those of a multilayer perceptron (MLP). Got {type(model).__name__}.")
    return model
