"""The last layer by least squares, after the last step of a training.

With the loss `mse` and linear outputs the loss is quadratic in the weights of the last layer, whatever is below it: its
minimum follows from the layer's inputs at the training samples, by linear least squares. So does that of every channel
alone, whatever the channels' weights are. The normal equations are solved in float64 for the change of the weights,
with a small ridge (Hoerl and Kennard 1970), so that directions that the inputs hardly have keep their trained weights.
Of many samples a random part is enough: there are a few hundred weights for each channel. For N samples and F inputs
this takes about 2 N F^2 operations and another forward pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from sfumato import models
from sfumato.errors import RecipeError
from sfumato.models.normalizations import set_weights, weights_of
from sfumato.models.outputs import TILE
from sfumato.recipe import Recipe
from sfumato.recipe.memory_estimate import SOLVED_SAMPLES
from sfumato.rng import rng_for
from sfumato.training.engines import Arrays

RIDGE = 1e-7
"""The ridge relative to the mean square of the layer's inputs."""


def solved(
    recipe: Recipe,
    model: nn.Module,
    weights: Mapping[str, NDArray[Any]],
    inputs: NDArray[np.float64],
    targets: NDArray[np.float64],
) -> Arrays:
    """Return the weights with those of the last layer that minimize the squared error, by name.

    ``inputs`` (N, D) and ``targets`` (N, C) are those of the training samples, the targets in the recipe's range.
    Channels of weight 0 stay unchanged. Return all weights unchanged if they, or the solution, are not finite.
    """
    chosen = np.arange(len(inputs))
    if len(inputs) > SOLVED_SAMPLES:
        chosen = np.sort(rng_for(recipe.seed, "final layer").choice(len(inputs), SOLVED_SAMPLES, replace=False))
    with models.scratch_copy(model) as copied:
        network = models.unwrap(copied).cpu()
        require_layers(network)
        assert isinstance(network, models.LayeredNetwork)
        network.load_state_dict({name: torch.from_numpy(value.copy()) for name, value in weights.items()})
        x = _inputs(network, inputs[chosen])
        layer = network.linear_layers()[-1]
        matrix = weights_of(layer).detach().double().numpy()
        if layer.bias is not None:
            x = np.concatenate([x, np.ones((len(x), 1))], axis=1)
            matrix = np.concatenate([matrix, layer.bias.detach().double().numpy()[:, None]], axis=1)
        change = minimizer(x, targets[chosen] - x @ matrix.T)
        factors = recipe.training.channel_weights
        if factors is not None:
            change[:, np.asarray(factors) == 0] = 0
        matrix = matrix + change.T
        if not np.isfinite(matrix).all():
            return dict(weights)
        set_weights(layer, torch.from_numpy(matrix[:, : layer.in_features]))
        if layer.bias is not None:
            with torch.no_grad():
                layer.bias.copy_(torch.from_numpy(matrix[:, -1]))
        # The other layers have the bits of before.
        state = network.state_dict()
        return {name: state[name].numpy().astype(value.dtype) for name, value in weights.items()}


def minimizer(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return w (F, C) that minimizes the mean of |y - x w|^2 plus the ridge times |w|^2, for x (N, F) and y (N, C)."""
    with np.errstate(all="ignore"):
        moments = x.T @ x / len(x)
        moments[np.diag_indices_from(moments)] += RIDGE * np.trace(moments) / len(moments)
        products = x.T @ y / len(x)
    if not (np.isfinite(moments).all() and np.isfinite(products).all()):
        return np.zeros_like(products)
    try:
        return np.asarray(np.linalg.solve(moments, products), np.float64)
    except np.linalg.LinAlgError:
        return np.zeros_like(products)


def require_layers(model: nn.Module) -> None:
    """Raise RecipeError unless the network is one whose last layer is known."""
    if not isinstance(models.unwrap(model), models.LayeredNetwork):
        raise RecipeError(
            "training.final_layer must be trained for a network without a linear last layer. Got least_squares with "
            f"{models.name_of(model)}."
        )


def _inputs(network: models.LayeredNetwork, coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the inputs of the last layer, (N, D) -> (N, F), computed in the network's own data type."""
    with torch.no_grad():
        tiles = torch.from_numpy(coordinates).to(network.dtype).split(TILE)
        return torch.cat([network.inputs(tile, len(network.linear_layers()) - 1) for tile in tiles]).double().numpy()
