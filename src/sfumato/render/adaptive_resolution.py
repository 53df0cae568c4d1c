"""Painting the frames of a film at a reduced resolution, since the outputs of a network are mostly smooth."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sfumato.render.painter import Painter
from sfumato.render.pixels import resampled
from sfumato.render.zoom import Size

INVISIBLE_RMSE = 0.75 / 255
"""Root-mean-square error that enlarging a painting may have. With 1 / 255, one level of a screen, edges look softer
than they are when two films are compared side by side."""

MIN_SAMPLES = 4096
"""Smallest number of samples of a painting that has at least as many pixels; fewer would hardly save time."""

INITIAL_STRIDE = 3.0
"""Pixels of the film per sample, along each side, of the first attempt."""

ERROR_ORDER = 1.7
"""Measured power of the stride with which the error grows: 2 where a painting is curved, 1 at edges."""

TOLERANCE = 1.25
"""Factor by which the error may exceed `INVISIBLE_RMSE` before the painting is made again."""


class AdaptiveResolution:
    """A painter of successive moments at a film's size, from as few samples as sufficed for the moment before."""

    def __init__(self, painter: Painter, size: Size) -> None:
        """Set up for paintings of ``size`` (rows, columns)."""
        self._painter = painter
        self._size = size
        self._max_stride = max(1.0, math.sqrt(size[0] * size[1] / MIN_SAMPLES))
        self._stride = min(INITIAL_STRIDE, self._max_stride)

    def paint(self, moment: Path, max_size: Size) -> tuple[NDArray[np.float32], float]:
        """Return a painting (rows, columns, C) in [0, 1], and the PSNR as `Painter.paint` does.

        The painting has the film's size, or ``max_size``, beyond which nothing is sampled. Its error against the
        outputs of the network at the film's own pixels is measured at some of them.
        """
        self._painter.load(moment)
        exact = self._painter.sample(self._size)
        while True:
            rows, columns = self._coarse_size(max_size)
            painting = self._painter.paint_loaded(rows, columns)
            if (rows, columns) == max_size:
                break
            enlarged = np.clip(resampled(painting, (self._size[1], self._size[0])), 0, 1)
            error = exact.rmse(enlarged)
            # The error is nan where the network diverged; there is nothing to see then.
            refinement = (error / INVISIBLE_RMSE) ** (1 / ERROR_ORDER) if error > 0 else 0.5
            self._stride = min(max(self._stride / min(max(refinement, 0.8), 3.0), 1.0), self._max_stride)
            if not error > TOLERANCE * INVISIBLE_RMSE:
                painting = enlarged
                break
        return painting, self._painter.psnr()

    def _coarse_size(self, max_size: Size) -> Size:
        size = (max(2, round(self._size[0] / self._stride)), max(2, round(self._size[1] / self._stride)))
        return max_size if size[0] >= max_size[0] or size[1] >= max_size[1] else size
