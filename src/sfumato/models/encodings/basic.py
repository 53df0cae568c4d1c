"""The basic mapping of Tancik et al. (2020): [cos(2 pi x), sin(2 pi x)]."""

from __future__ import annotations

import numpy as np
from torch import nn

from sfumato.models.encodings.positional import Sinusoids
from sfumato.recipe import choices


def build(choice: choices.Basic, inputs: int, random: np.random.Generator, ends: tuple[float, float]) -> nn.Module:
    """Build the encoding: one cycle per unit."""
    return Sinusoids([1.0], include_inputs=choice.include_inputs)
