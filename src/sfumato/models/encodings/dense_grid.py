"""One dense grid of trained features."""

from __future__ import annotations

import numpy as np
from torch import nn

from sfumato.models.encodings.grid import feature_grid
from sfumato.recipe import choices


def build(choice: choices.DenseGrid, inputs: int, random: np.random.Generator, ends: tuple[float, float]) -> nn.Module:
    """Build the encoding for inputs between ``ends``."""
    return feature_grid(choice, random, ends)
