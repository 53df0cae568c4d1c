"""Triangle waves (Mueller et al. 2021, "Real-time Neural Radiance Caching for Path Tracing"; tiny-cuda-nn).

Feature k of an input x is 4 |frac(v) - 1/2| - 1 with v = 2^(k - 1) x + k / 4. The phases k / 4 tell positions apart at
which waves without them would have their ends together.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from sfumato.models.encodings.per_input import PerInput
from sfumato.recipe import choices


class TriangleWaves(PerInput):
    """K waves of each input, from -1 to 1."""

    octaves: Tensor

    def __init__(self, octaves: int, *, include_inputs: bool) -> None:
        """Store the number of waves per input."""
        super().__init__(include_inputs=include_inputs)
        self.register_buffer("octaves", torch.arange(octaves, dtype=torch.float64), persistent=False)

    def features(self, inputs: Tensor) -> Tensor:
        """Compute the waves: (N, D, 1) -> (N, D, K)."""
        cycles = inputs * 2 ** (self.octaves - 1) + self.octaves / 4
        return 4 * (cycles - cycles.floor() - 0.5).abs() - 1


def build(
    choice: choices.TriangleWave, inputs: int, random: np.random.Generator, ends: tuple[float, float]
) -> nn.Module:
    """Build the encoding with the choice's number of octaves."""
    return TriangleWaves(choice.frequencies, include_inputs=choice.include_inputs)
