"""Custom networks that fail."""

from __future__ import annotations

import os

from torch import Tensor, nn


class Broken(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        raise RuntimeError("broken on purpose")


class Deadly(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 3)

    def forward(self, coordinates: Tensor) -> Tensor:
        os._exit(3)
