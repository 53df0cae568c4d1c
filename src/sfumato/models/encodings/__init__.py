"""Encodings of the coordinates: one per file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from torch import nn

from sfumato.recipe import choices

Build = Callable[[Any, np.random.Generator], nn.Module]
"""Implementation of an encoding: (choice, random generator) -> module (N, 2) -> (N, F)."""


def build(choice: choices.Encoding, random: np.random.Generator) -> nn.Module:
    """Build the module of an encoding."""
    make: Build = choice.implementation()
    return make(choice, random)


__all__ = ["build"]
