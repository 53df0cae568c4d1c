"""Positional encoding (Mildenhall et al. 2020; Tancik et al. 2020): cos and sin of 2 pi f x at given frequencies f."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from sfumato.models.encodings.per_input import PerInput
from sfumato.recipe import choices


class Sinusoids(PerInput):
    """K cosines, then K sines of each input; the same frequencies for all."""

    frequencies: Tensor

    def __init__(self, cycles_per_unit: Sequence[float], *, include_inputs: bool) -> None:
        """Store the K frequencies, in cycles per unit of the inputs."""
        super().__init__(include_inputs=include_inputs)
        frequencies = torch.tensor(list(cycles_per_unit), dtype=torch.float64)
        self.register_buffer("frequencies", frequencies, persistent=False)

    def features(self, inputs: Tensor) -> Tensor:
        """Compute the cosines and sines: (N, D, 1) -> (N, D, 2 K)."""
        angles = (2 * math.pi) * (inputs * self.frequencies)
        return torch.cat([torch.cos(angles), torch.sin(angles)], dim=2)


def build(choice: choices.Positional, inputs: int, random: np.random.Generator, ends: tuple[float, float]) -> nn.Module:
    """Build the encoding with the choice's frequencies."""
    return Sinusoids(choice.cycles_per_unit(), include_inputs=choice.include_inputs)
