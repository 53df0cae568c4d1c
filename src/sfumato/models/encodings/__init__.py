"""Encodings of the coordinates: one a file."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from torch import nn

from sfumato.models.encodings import fourier, plain
from sfumato.recipe import choices

Build = Callable[[choices.Encoding, np.random.Generator], tuple[nn.Module, int]]
"""(choice, stream) -> (module (N, 2) -> (N, F), F)."""

IMPLEMENTATIONS: dict[type[choices.Encoding], Build] = {choices.Plain: plain.build, choices.Fourier: fourier.build}
"""Every encoding by its choice."""


def build(choice: choices.Encoding, random: np.random.Generator) -> tuple[nn.Module, int]:
    """The encoding's module and the number of features that it makes."""
    return IMPLEMENTATIONS[type(choice)](choice, random)


__all__ = ["IMPLEMENTATIONS", "build"]
