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
    return len(_network(model).linear_layers()) - 1


def units(model: torch.nn.Module, number: int) -> int:
    """Return the number of units of the hidden layer `number`, from 1. Raises RunError as `layer` does."""
    network = _network(model)
    hidden = depth(network)
    if not 1 <= number <= hidden:
        raise RunError(f"neurons must be a hidden layer from 1 to {hidden}, or all. Got {number}.")
    return network.units(number - 1)


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
    network = _network(model)
    selected = range(units(model, number))[selection]
    outputs = np.empty((len(selected), size[0] * size[1]), np.float32)
    dead = np.ones(len(selected), np.bool_)
    activate = network.activation(number - 1)
    with torch.inference_mode():
        first_weight = next(network.parameters())
        positions = torch.from_numpy(models.grid(coordinates, *size, region))
        for first in range(0, len(positions), TILE):
            tile = positions[first : first + TILE].to(first_weight.device, first_weight.dtype)
            preactivations, tile_outputs = (each[:, selection] for each in network.hidden(tile, number - 1))
            # Dead units are found by automatic differentiation, which inference mode disables.
            with torch.inference_mode(mode=False):
                found = None if activate is None else dead_by_preactivations(activate, preactivations)
            dead &= False if found is None else found.cpu().numpy()
            # Outputs of a network that diverged may be nan.
            finite = torch.nan_to_num(tile_outputs, nan=0.0, posinf=0.0, neginf=0.0)
            outputs[:, first : first + TILE] = finite.T.float().cpu().numpy()
    outgoing = network.outgoing_weights(number - 1).detach()[:, selection].double().norm(dim=0).cpu().numpy()
    importance = np.abs(outputs).mean(axis=1, dtype=np.float64) * outgoing
    return LayerOutputs(outputs.reshape(-1, *size), importance, dead)


def _network(model: torch.nn.Module) -> models.LayeredNetwork:
    if not isinstance(model, models.LayeredNetwork):
        raise RunError(f"neurons must be those of a multilayer perceptron (MLP). Got {type(model).__name__}.")
    return model
