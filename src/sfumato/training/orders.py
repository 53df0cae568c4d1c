"""The pixel orders of a recipe. Each epoch has a stream of its own, so an order's state is the epoch's number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.recipe import choices
from sfumato.streams import stream
from sfumato.training.order import PixelOrder

Draw = Callable[[int, int, int], NDArray[np.int64]]
"""What implements an order: (pixels, seed, epoch) -> (pixels,) indices."""


def shuffled(pixels: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """A permutation of its own for every epoch."""
    return stream(seed, f"order/{epoch}").permutation(pixels)


def scan(pixels: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Row by row."""
    return np.arange(pixels)


def fixed(pixels: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """The permutation of the first epoch, in every epoch."""
    return shuffled(pixels, seed, 0)


def replacement(pixels: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Independent draws from all pixels."""
    return stream(seed, f"order/{epoch}").integers(pixels, size=pixels)


class SeededOrder(PixelOrder):
    """The order of a recipe."""

    def __init__(self, choice: choices.Order, pixels: int, seed: int) -> None:
        self._draw: Draw = choice.implementation()
        self._pixels = pixels
        self._seed = seed
        self._next = 0

    def epoch(self) -> NDArray[np.int64]:
        """The next epoch's pixels."""
        self._next += 1
        return self._draw(self._pixels, self._seed, self._next - 1)

    def state(self) -> dict[str, NDArray[Any]]:
        """The number of the next epoch."""
        return {"next": np.array(self._next)}

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Continue at the epoch that `state` told."""
        self._next = int(state["next"])
