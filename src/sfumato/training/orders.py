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
"""(pixels, seed, epoch) -> (pixels,) indices."""


def _shuffled(pixels: int, seed: int, epoch: int) -> NDArray[np.int64]:
    return stream(seed, f"order/{epoch}").permutation(pixels)


def _scan(pixels: int, seed: int, epoch: int) -> NDArray[np.int64]:
    return np.arange(pixels)


def _fixed(pixels: int, seed: int, epoch: int) -> NDArray[np.int64]:
    return _shuffled(pixels, seed, 0)


def _replacement(pixels: int, seed: int, epoch: int) -> NDArray[np.int64]:
    return stream(seed, f"order/{epoch}").integers(pixels, size=pixels)


IMPLEMENTATIONS: dict[type[choices.Order], Draw] = {
    choices.Shuffled: _shuffled,
    choices.Scan: _scan,
    choices.Fixed: _fixed,
    choices.Replacement: _replacement,
}
"""Every order by its choice."""


class SeededOrder(PixelOrder):
    """Any of `IMPLEMENTATIONS`."""

    def __init__(self, choice: choices.Order, pixels: int, seed: int) -> None:
        self._draw = IMPLEMENTATIONS[type(choice)]
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
