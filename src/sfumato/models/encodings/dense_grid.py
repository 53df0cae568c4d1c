"""One dense grid of trained features, interpolated between the four corners of the cell in which an input lies.

The features of x are the sum over the corners c of w_c F_c, where F_c is the row of the table and w_c the product over
both coordinates of 1 - |x - c|, in cells; for smoothstep u^2 (3 - 2 u) takes the place of u = 1 - |x - c|.
"""

from __future__ import annotations

import numpy as np
from torch import nn

from sfumato.models.encodings.grid import feature_grid
from sfumato.recipe import choices


def build(choice: choices.DenseGrid, inputs: int, random: np.random.Generator, ends: tuple[float, float]) -> nn.Module:
    """Build the encoding for inputs between ``ends``."""
    return feature_grid(choice, random, ends)
