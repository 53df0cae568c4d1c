"""Canvas: an approximate painting at almost no cost, of the outputs for each pixel when it was last trained on."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sfumato.training.engines import Engine
from sfumato.training.picture.splits import TrainingSamples

INITIAL_PIXELS = 4096
"""Pixels that are painted when the canvas is first read, as no outputs have been collected yet."""

SNAPSHOTS_UNWATCHED = 50
"""Snapshots without a read, about five seconds, after which the engine stops collecting outputs."""

Paint = Callable[[int, int], NDArray[np.floating]]
"""(rows, columns) -> (rows, columns, C)"""


class Canvas:
    """A painting that the engine fills with the outputs of its training samples, while somebody reads it."""

    def __init__(self, engine: Engine, size: tuple[int, int], samples: TrainingSamples) -> None:
        """Take the size (H, W) of the picture and its training samples."""
        self._engine = engine
        self._size = size
        self._samples = samples
        self._unwatched = 0

    def read(self, paint: Paint, max_side: int | None = None) -> NDArray[np.float32] | None:
        """Return (rows, columns, C), unclipped; None if the engine does not collect outputs.

        Rows and columns are skipped if a side has more than ``max_side`` pixels. Pixels that have not been trained on
        since the first read are those of a coarse painting, or of the last `refresh`. A held-out pixel has the color of
        a sample near it.
        """
        self._unwatched = 0
        if not self._engine.keeps_outputs:
            return None
        if self._engine.last_outputs is None:
            self._fill(_coarse(paint, self._size))
        outputs = self._engine.last_outputs
        assert outputs is not None
        if self._samples.sample_of_pixel is not None:
            outputs = outputs[self._samples.sample_of_pixel]
        stride = 1 if max_side is None else -(-max(self._size) // max_side)
        return outputs.reshape(*self._size, -1)[::stride, ::stride].copy()

    def refresh(self, painting: NDArray[np.floating]) -> None:
        """Replace the canvas by an exact painting (H, W, C) that is available anyway, while somebody reads it."""
        if self._engine.last_outputs is not None:
            self._fill(painting)

    def _fill(self, painting: NDArray[np.floating]) -> None:
        flat = np.array(painting, np.float32, order="C").reshape(-1, painting.shape[2])
        pixels = self._samples.pixel_of_sample
        self._engine.last_outputs = flat if pixels is None else flat[pixels]

    def count_snapshot(self) -> None:
        """Count a snapshot; stop collecting outputs after `SNAPSHOTS_UNWATCHED` of them without a read."""
        self._unwatched += 1
        if self._unwatched > SNAPSHOTS_UNWATCHED:
            self._engine.last_outputs = None


def _coarse(paint: Paint, size: tuple[int, int]) -> NDArray[np.floating]:
    """Paint at most about `INITIAL_PIXELS` pixels and repeat them to fill the size."""
    height, width = size
    scale = min(1.0, math.sqrt(INITIAL_PIXELS / (height * width)))
    rows, columns = max(round(height * scale), 1), max(round(width * scale), 1)
    painting = paint(rows, columns)
    return painting[np.arange(height) * rows // height][:, np.arange(width) * columns // width]
