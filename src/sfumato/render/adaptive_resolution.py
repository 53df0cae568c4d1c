"""Paintings of a film with no more samples than one sees: what a network paints is mostly smooth."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sfumato.render.painter import Painter
from sfumato.render.pixels import resampled
from sfumato.render.zoom import Size

UNSEEN = 0.75 / 255
"""The error that enlarging a painting may have, root mean square. With a whole step of what a screen shows, edges look
softer than they are when two films are laid beside each other."""

FEWEST = 4096
"""Samples of a painting, if it has so many pixels: no fewer are worth the trouble."""

FIRST = 3.0
"""Pixels of the film a sample, along either side, at which is begun."""

POWER = 1.7
"""The error grows about so with the distance of the samples, as was measured: 2 where a painting curves, 1 at edges."""

TRUST = 1.25
"""How far the error may be above `UNSEEN` before the painting is made again."""


class AdaptiveResolution:
    """Paints one moment after the other at a film's size, from as few samples as the one before has shown to do."""

    def __init__(self, painter: Painter, size: Size) -> None:
        """``size``: (rows, columns) of the film's paintings."""
        self._painter = painter
        self._size = size
        self._farthest = max(1.0, math.sqrt(size[0] * size[1] / FEWEST))
        self._apart = min(FIRST, self._farthest)

    def paint(self, moment: Path, largest: Size) -> tuple[NDArray[np.float32], float]:
        """(rows, columns, C) in [0, 1], of ``largest`` at most before it is enlarged, and the PSNR as `Painter.paint`.

        It is of the film's size or of ``largest``. How far it is from what the network answers at the film's own pixels
        is measured at some of them.
        """
        self._painter.load(moment)
        exact = self._painter.some(self._size)
        while True:
            rows, columns = self._coarse(largest)
            painting = self._painter.whole(rows, columns)
            if (rows, columns) == largest:
                break
            enlarged = np.clip(resampled(painting, (self._size[1], self._size[0])), 0, 1)
            error = exact.distance(enlarged)
            # Not a number where a network diverged: then nothing is to be seen anyway.
            finer = (error / UNSEEN) ** (1 / POWER) if error > 0 else 0.5
            self._apart = min(max(self._apart / min(max(finer, 0.8), 3.0), 1.0), self._farthest)
            if not error > TRUST * UNSEEN:
                painting = enlarged
                break
        return painting, self._painter.psnr()

    def _coarse(self, largest: Size) -> Size:
        size = (max(2, round(self._size[0] / self._apart)), max(2, round(self._size[1] / self._apart)))
        return largest if size[0] >= largest[0] or size[1] >= largest[1] else size
