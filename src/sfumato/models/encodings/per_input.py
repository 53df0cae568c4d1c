"""The base class of encodings that treat each input by itself."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class PerInput(nn.Module):
    """Encoding (N, D) -> (N, D K), with the K features of the first input first.

    With ``include_inputs`` (N, D) -> (N, D + D K): the inputs come before the features.
    """

    def __init__(self, *, include_inputs: bool) -> None:
        super().__init__()
        self.include_inputs = include_inputs

    def forward(self, inputs: Tensor) -> Tensor:
        """Compute the features: (N, D) -> (N, D K) or (N, D + D K)."""
        features = self.features(inputs.unsqueeze(2)).flatten(1)
        return torch.cat([inputs, features], dim=1) if self.include_inputs else features

    def features(self, inputs: Tensor) -> Tensor:
        """Compute the features of each input: (N, D, 1) -> (N, D, K)."""
        raise NotImplementedError
