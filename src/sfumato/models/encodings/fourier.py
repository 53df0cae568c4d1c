"""Gaussian Fourier features (Tancik et al. 2020): [cos(2 pi B x), sin(2 pi B x)], B normal with deviation sigma."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from sfumato.recipe import choices


class FourierFeatures(nn.Module):
    """Fourier features: (N, D) -> (N, 2 K), K cosines, then K sines. B is a buffer: saved, not trained.

    With ``include_inputs`` (N, D) -> (N, D + 2 K): the inputs come before the features.
    """

    frequencies: Tensor

    def __init__(self, frequencies: Tensor, *, include_inputs: bool = False) -> None:
        """Store the (D, K) ``frequencies``, in cycles per unit of the inputs."""
        super().__init__()
        self.include_inputs = include_inputs
        self.register_buffer("frequencies", frequencies)

    def forward(self, inputs: Tensor) -> Tensor:
        """Compute the features: (N, D) -> (N, 2 K) or (N, D + 2 K)."""
        angles = (2 * math.pi) * (inputs @ self.frequencies)
        included = [inputs] if self.include_inputs else []
        return torch.cat([*included, torch.cos(angles), torch.sin(angles)], dim=1)


def build(choice: choices.Fourier, inputs: int, random: np.random.Generator, ends: tuple[float, float]) -> nn.Module:
    """Build the encoding with randomly drawn frequencies."""
    frequencies = random.standard_normal((inputs, choice.features // 2)) * choice.sigma
    return FourierFeatures(torch.from_numpy(frequencies), include_inputs=choice.include_inputs)
