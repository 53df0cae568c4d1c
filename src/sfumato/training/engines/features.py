"""The inputs of a network's first layer, computed for compiled code."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from sfumato.models.mlp import MLP
from sfumato.models.outputs import TILE


def encoded(model: MLP, coordinates: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the outputs of the model's encoding with its current parameters, (N, D) -> (N, F)."""
    with torch.inference_mode():
        tiles = torch.from_numpy(coordinates).to(torch.float32).split(TILE)
        return torch.cat([model.encode(tile) for tile in tiles]).contiguous().numpy()


def is_trained(model: MLP) -> bool:
    """Return whether the model's encoding has trainable parameters, so that its outputs change with every step."""
    return any(parameter.requires_grad for parameter in model.encode.parameters())
