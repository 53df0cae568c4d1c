"""Outputs of the hidden units of a multilayer perceptron by coordinate, and the importance of the units."""

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
class LayerOutputs:
    """Outputs of the units of one hidden layer over a region of the picture."""

    outputs: NDArray[np.float32]
    """(units, rows, columns), after the activation."""
    importance: NDArray[np.float64]
    """(units,): the mean of the absolute output, times the norm of the outgoing weights."""
    dead: NDArray[np.bool_]
    """(units,): True for units that are dead (`sfumato.training.health.dead_units`) at the region's coordinates."""

    @property
    def order(self) -> NDArray[np.intp]:
        """(units,) numbers of the units, the most important first."""
        return np.argsort(-np.nan_to_num(self.importance, nan=0.0), kind="stable")


def depth(model: torch.nn.Module) -> int:
    """Return the number of hidden layers. Raises RunError if the model is not a multilayer perceptron."""
    return len(_perceptron(model).linear_layers()) - 1


def units(model: torch.nn.Module, number: int) -> int:
    """Return the number of units of the hidden layer `number`, from 1. Raises RunError as `layer` does."""
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
    selection: slice = slice(None),
) -> LayerOutputs:
    """Return the outputs of the hidden layer `number`, from 1, on a grid of `size` (rows, columns) over a region.

    `selection` restricts them to some of the units. Raises RunError if the model is not a multilayer perceptron, or has
    no such layer.
    """
    perceptron = _perceptron(model)
    selected = range(units(model, number))[selection]
    outputs = np.empty((len(selected), size[0] * size[1]), np.float32)
    dead = np.ones(len(selected), np.bool_)
    captured: list[tuple[torch.Tensor, torch.Tensor]] = []

    def capture(_module: torch.nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        captured.append((inputs[0], output))

    activate = perceptron.activations[number - 1]
    handle = activate.register_forward_hook(capture)
    try:
        with torch.inference_mode():
            first_weight = next(perceptron.parameters())
            positions = torch.from_numpy(models.grid(coordinates, *size, region))
            for first in range(0, len(positions), TILE):
                tile = positions[first : first + TILE].to(first_weight.device, first_weight.dtype)
                captured.clear()
                perceptron(tile)
                preactivations, tile_outputs = (each[:, selection] for each in captured[0])
                # Dead units are found by automatic differentiation, which inference mode disables.
                with torch.inference_mode(mode=False):
                    without_gradient = dead_by_preactivations(activate, preactivations)
                dead &= False if without_gradient is None else without_gradient.cpu().numpy()
                # Outputs of a network that diverged may be nan.
                finite = torch.nan_to_num(tile_outputs, nan=0.0, posinf=0.0, neginf=0.0)
                outputs[:, first : first + TILE] = finite.T.float().cpu().numpy()
    finally:
        handle.remove()
    outgoing = perceptron.outgoing_weights(number - 1).detach()[:, selection].double().norm(dim=0).cpu().numpy()
    importance = np.abs(outputs).mean(axis=1, dtype=np.float64) * outgoing
    return LayerOutputs(outputs.reshape(-1, *size), importance, dead)


def _perceptron(model: torch.nn.Module) -> models.MLP:
    if not isinstance(model, models.MLP):
        raise RunError(f"neurons must be those of a multilayer perceptron (MLP). Got {type(model).__name__}.")
    return model
