"""A painting that costs next to nothing: what the network answered when it was last trained on each pixel."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sfumato.training.engines import Engine

FIRST_PIXELS = 4096
"""So many are painted when somebody begins to watch: of the others nothing is known yet."""

SNAPSHOTS_UNWATCHED = 50
"""After so many that nobody asked for it, the canvas is put away: about five seconds."""

Paint = Callable[[int, int], NDArray[np.floating]]
"""(rows, columns) -> (rows, columns, C)"""


class Canvas:
    """The engine scatters its answers into it while somebody watches."""

    def __init__(self, engine: Engine, size: tuple[int, int], trained: NDArray[np.bool_] | None) -> None:
        """``trained``: the (H, W) mask of the pixels that are trained on; None: all are."""
        self._engine = engine
        self._size = size
        self._trained = None if trained is None else trained.reshape(-1)
        self._unwatched = 0

    def look(self, paint: Paint, longest: int | None = None) -> NDArray[np.float32] | None:
        """(rows, columns, C), unclipped; None where the engine keeps no answers.

        Rows and columns are left out where a side has more than ``longest`` pixels. Pixels not trained on since
        somebody looks are coarse, or as they were in the last `refresh`; one that is held out looks like the one before
        it.
        """
        self._unwatched = 0
        if not self._engine.keeps_outputs:
            return None
        if self._engine.last_outputs is None:
            self._put(_coarse(paint, self._size))
        answers = self._engine.last_outputs
        assert answers is not None
        if self._trained is not None:
            answers = answers[np.maximum(np.cumsum(self._trained) - 1, 0)]
        apart = 1 if longest is None else -(-max(self._size) // longest)
        return answers.reshape(*self._size, -1)[::apart, ::apart].copy()

    def refresh(self, painting: NDArray[np.floating]) -> None:
        """Take over a whole painting (H, W, C) that was made anyway, if somebody watches."""
        if self._engine.last_outputs is not None:
            self._put(painting)

    def _put(self, painting: NDArray[np.floating]) -> None:
        flat = np.array(painting, np.float32, order="C").reshape(-1, painting.shape[2])
        self._engine.last_outputs = flat if self._trained is None else flat[self._trained]

    def passed(self) -> None:
        """Another snapshot has gone by."""
        self._unwatched += 1
        if self._unwatched > SNAPSHOTS_UNWATCHED:
            self._engine.last_outputs = None


def _coarse(paint: Paint, size: tuple[int, int]) -> NDArray[np.floating]:
    """A whole painting of at most about `FIRST_PIXELS` pixels, each repeated to fill the size."""
    height, width = size
    scale = min(1.0, math.sqrt(FIRST_PIXELS / (height * width)))
    rows, columns = max(round(height * scale), 1), max(round(width * scale), 1)
    painting = paint(rows, columns)
    return painting[np.arange(height) * rows // height][:, np.arange(width) * columns // width]
