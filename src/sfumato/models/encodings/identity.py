"""The identity encoding."""

from __future__ import annotations

import numpy as np
from torch import nn

from sfumato.recipe import choices


def build(choice: choices.Identity, inputs: int, random: np.random.Generator, ends: tuple[float, float]) -> nn.Module:
    """Build the identity module."""
    return nn.Identity()
