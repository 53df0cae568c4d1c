"""A custom network that paints a picture of one color exactly, from the start."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Exact(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.color = nn.Parameter(torch.tensor([0.25, 0.5, 0.75]))

    def forward(self, coordinates: Tensor) -> Tensor:
        return self.color.expand(len(coordinates), 3)
