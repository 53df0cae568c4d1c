"""Grids of trained features, interpolated at the inputs: one dense grid, or many levels with hash tables.

The levels, their sizes and the hash are those of Instant-NGP (Mueller et al. 2022, equations 2 to 4); its code differs
in that it shifts all grids by half a cell. The rows of a level's points are, in a dense level, row by row, else a hash:
the exclusive or of the point's column and its row times 2654435761, modulo the table's size. Columns are multiplied by
1, so that neighbors along a row of the picture are neighbors in memory.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from sfumato.recipe.choices.encodings import COORDINATES, DenseGrid, HashGrid
from sfumato.recipe.choices.encodings.grids import GridLevel

PRIME = 2654435761
"""The second prime of the hash; the first is 1."""

INITIAL_RANGE = 1e-4
"""The table is drawn uniformly between minus this and this, as in Instant-NGP."""


class FeatureGrid(nn.Module):
    """Interpolated features of all levels: (N, 2) -> (N, L F), the coarsest level first.

    With ``include_inputs`` (N, 2) -> (N, 2 + L F): the inputs come before the features.

    Inputs beyond the ends of the range have the features of the nearest point inside.
    """

    sizes: Tensor
    offsets: Tensor
    masks: Tensor

    def __init__(
        self,
        table: Tensor,
        levels: tuple[GridLevel, ...],
        ends: tuple[float, float],
        *,
        smooth: bool,
        include_inputs: bool = False,
    ) -> None:
        """Store the (rows, F) ``table`` of all levels; ``smooth`` interpolates by smoothstep."""
        super().__init__()
        self.table = nn.Parameter(table)
        self.levels, self.ends, self.smooth, self.include_inputs = levels, ends, smooth, include_inputs
        whole = {
            "sizes": [level.resolution for level in levels],
            "offsets": [level.offset for level in levels],
            "masks": [level.rows - 1 if level.hashed else 0 for level in levels],
        }
        for name, numbers in whole.items():
            self.register_buffer(name, torch.tensor(numbers), persistent=False)

    def forward(self, inputs: Tensor) -> Tensor:
        """Compute the features: (N, 2) -> (N, L F) or (N, 2 + L F)."""
        low, high = self.ends
        # (N, L, 2): each input in cells of each level.
        sizes = self.sizes.unsqueeze(1)
        positions = ((inputs - low).unsqueeze(1) * (sizes / (high - low)).to(inputs.dtype)).clamp_min(0)
        positions = torch.minimum(positions, sizes.to(inputs.dtype))
        cells = torch.minimum(positions.floor().long(), sizes - 1)
        weights = positions - cells
        if self.smooth:
            weights = weights * weights * (3 - 2 * weights)
        total = torch.zeros((), dtype=self.table.dtype, device=self.table.device)
        for below in (0, 1):
            for right in (0, 1):
                row, column = cells[:, :, 0] + below, cells[:, :, 1] + right
                dense, hashed = row * (self.sizes + 1) + column, (row * PRIME ^ column) & self.masks
                corner = self.offsets + torch.where(self.masks > 0, hashed, dense)
                y, x = (weights[:, :, k] if side else 1 - weights[:, :, k] for k, side in ((0, below), (1, right)))
                total = total + (y * x).unsqueeze(2) * nn.functional.embedding(corner, self.table)
        return torch.cat([inputs, total.flatten(1)], dim=1) if self.include_inputs else total.flatten(1)


def feature_grid(choice: DenseGrid | HashGrid, random: np.random.Generator, ends: tuple[float, float]) -> FeatureGrid:
    """Build the module of a choice for inputs between ``ends``, with a table of small random numbers."""
    table = random.uniform(-INITIAL_RANGE, INITIAL_RANGE, choice.shapes(COORDINATES)["table"])
    return FeatureGrid(
        torch.from_numpy(table),
        choice.grid_levels(),
        ends,
        smooth=choice.interpolation == "smoothstep",
        include_inputs=choice.include_inputs,
    )
