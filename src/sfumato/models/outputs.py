"""A module's answers over many coordinates, in pieces that fit the caches."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sfumato.models.custom import dtype_of
from sfumato.models.modes import evaluating
from sfumato.parallel import parallel_map
from sfumato.process_state import scoped

TILE = 1024
"""Samples at a time: MKL is fastest for 300-wide layers at 256 to 1024, and memory stays bounded."""


@scoped
def outputs(model: nn.Module, coordinates: NDArray[np.float64], threads: int = 1) -> NDArray[np.floating]:
    """(M, 2) -> (M, C), unclipped, in the model's precision, wherever the model lives; in evaluation mode."""
    device = next(model.parameters()).device
    inputs = torch.from_numpy(coordinates).to(device, dtype_of(model))

    def answers(part: Tensor) -> Tensor:
        # Not inference_mode: what a module makes or keeps there could never be trained afterwards.
        with torch.no_grad():
            return torch.cat([model(tile) for tile in part.split(TILE)])

    tiles = -(-len(inputs) // TILE)
    # Parts of whole tiles, so that the answers do not depend on the number of threads.
    part = TILE * -(-tiles // (threads if device.type == "cpu" else 1))
    with evaluating(model):
        return torch.cat(parallel_map(answers, inputs.split(part), threads)).cpu().numpy()
