"""What compiled code is given of a network's inputs."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from sfumato.models.mlp import MLP
from sfumato.models.outputs import TILE


def encoded(model: MLP, coordinates: NDArray[np.float64]) -> NDArray[np.float32]:
    """(N, 2) -> (N, F): what comes out of the model's encoding."""
    with torch.inference_mode():
        tiles = torch.from_numpy(coordinates).to(torch.float32).split(TILE)
        return torch.cat([model.encode(tile) for tile in tiles]).contiguous().numpy()
