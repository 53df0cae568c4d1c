"""The multiresolution hash encoding of Instant-NGP (Mueller et al. 2022)."""

from __future__ import annotations

import numpy as np
from torch import nn

from sfumato.models.encodings.grid import feature_grid
from sfumato.recipe import choices


def build(choice: choices.HashGrid, inputs: int, random: np.random.Generator, ends: tuple[float, float]) -> nn.Module:
    """Build the encoding for inputs between ``ends``."""
    return feature_grid(choice, random, ends)
