"""Encodings of a network's inputs: one per file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from torch import nn

from sfumato.errors import RecipeError
from sfumato.recipe import choices

Build = Callable[[Any, int, np.random.Generator], nn.Module]
"""Implementation of an encoding: (choice, D, random generator) -> module (N, D) -> (N, F)."""


def build(choice: choices.Encoding, inputs: int, random: np.random.Generator) -> nn.Module:
    """Build the module of an encoding of ``inputs`` inputs. Raises RecipeError if it is defined for others."""
    if choice.dimensions not in (None, inputs):
        raise RecipeError(f"model.encoding must be defined for {inputs} inputs. Got {choice}, for {choice.dimensions}.")
    make: Build = choice.implementation()
    return make(choice, inputs, random)


__all__ = ["build"]
