"""The multiresolution hash encoding of Instant-NGP (Mueller et al. 2022, equations 2 to 4).

Level l has the resolution N_l = floor(N_min b^l), where b = (N_max / N_min)^(1 / (L - 1)). In a level with more points
than the table of T rows has, the row of the point (r, c) is (c xor 2654435761 r) mod T.
"""

from __future__ import annotations

import numpy as np
from torch import nn

from sfumato.models.encodings.grid import feature_grid
from sfumato.recipe import choices


def build(choice: choices.HashGrid, inputs: int, random: np.random.Generator, ends: tuple[float, float]) -> nn.Module:
    """Build the encoding for inputs between ``ends``."""
    return feature_grid(choice, random, ends)
