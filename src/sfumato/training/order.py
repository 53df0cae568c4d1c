"""Pixel orders: which training pixel is shown next."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


class PixelOrder(ABC):
    """Gives the pixels of one epoch after another."""

    @abstractmethod
    def epoch(self) -> NDArray[np.int64]:
        """The next epoch's pixels, (N,) indices; each call is one epoch later."""

    @abstractmethod
    def state(self) -> dict[str, NDArray[Any]]:
        """What must be restored to draw the same epochs from here on."""

    @abstractmethod
    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Restore what `state` returned."""
