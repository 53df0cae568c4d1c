"""Encodings of a network's inputs: one per file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from torch import nn

from sfumato.errors import RecipeError
from sfumato.recipe import choices

Ends = tuple[float, float]
Build = Callable[[Any, int, np.random.Generator, Ends], nn.Module]
"""Implementation of an encoding: (choice, D, random generator, ends of the inputs' range) -> module (N, D) -> (N, F).
"""


def build(choice: choices.Encoding, inputs: int, random: np.random.Generator, ends: Ends) -> nn.Module:
    """Build the module of an encoding of ``inputs`` inputs, each in the range between ``ends``.

    Raises RecipeError if it is defined for another number of inputs.
    """
    if choice.dimensions not in (None, inputs):
        raise RecipeError(f"model.encoding must be defined for {inputs} inputs. Got {choice}, for {choice.dimensions}.")
    make: Build = choice.implementation()
    return make(choice, inputs, random, ends)


__all__ = ["Build", "Ends", "build"]
