"""The newest painting of a run while somebody watches, with its figures: live.jpg, several times a second."""

from __future__ import annotations

import io
import math
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sfumato import images
from sfumato.errors import RunError
from sfumato.recipe.picture import Transfer
from sfumato.runs import layout
from sfumato.runs.atomic import remove, write_bytes
from sfumato.runs.observers.folder import FolderObserver
from sfumato.runs.weights import Moment
from sfumato.training import Overhead, PictureSnapshot

SECONDS_PER_UPDATE = 0.08
"""At least so long between two; snapshots come about every tenth of a second, and each of them should do."""

SECONDS_UNWATCHED = 3.0
"""Whoever watches touches the file `layout.WATCHED` more often than that."""

LONGEST = 640
"""Pixels of the longer side: a larger painting is shown coarser."""

COARSE_OVERHEAD = Overhead(share=0.015, frontloaded=True)
"""For paintings made for the view alone: at what is left of it, so many pixels are painted."""

_COARSE = (32, 16_384)
"""Fewest and most pixels that are painted where the engine keeps no answers."""


class LiveView(FolderObserver[PictureSnapshot]):
    """Writes live.jpg while the file `layout.WATCHED` in the run's folder is touched again and again."""

    name = "live view"
    overhead = Overhead(share=0.04, frontloaded=True)

    def __init__(self, folder: Path, transfer: Transfer) -> None:
        """``transfer``: that of the picture as trained on."""
        super().__init__(folder)
        self._transfer: Transfer = transfer
        self._shown_at = -math.inf
        self._seconds_per_pixel = 1e-5

    def due(self, snapshot: PictureSnapshot) -> bool:
        """Whether somebody watches and it is time for it."""
        long_ago = time.monotonic() - self._shown_at >= SECONDS_PER_UPDATE
        return snapshot.ended != "diverged" and long_ago and is_watched(self.folder)

    def observe(self, snapshot: PictureSnapshot) -> None:
        """Write the newest painting. A full disk ends no training."""
        self._shown_at = time.monotonic()
        painting = snapshot.canvas(LONGEST)
        if painting is None:
            painting = self._coarse(snapshot)
        with suppress(RunError):
            _write(self.folder / layout.LIVE, images.to_srgb(painting, self._transfer), Moment.of(snapshot))

    def finish(self, status: str) -> None:
        """Remove what only somebody who watches a running training needs."""
        for name in (layout.LIVE, layout.WATCHED):
            remove(self.folder / name)

    def _coarse(self, snapshot: PictureSnapshot) -> NDArray[np.floating]:
        overhead, (height, width) = snapshot.overhead, snapshot.size
        pixels = _COARSE[1]
        if overhead.under_way:
            pixels = overhead.left(COARSE_OVERHEAD, self.name) / self._seconds_per_pixel
        scale = math.sqrt(np.clip(pixels, *_COARSE) / (height * width))
        rows, columns = (max(round(side * min(scale, 1)), 1) for side in (height, width))
        before = time.monotonic()
        painting = snapshot.paint(rows, columns)
        self._seconds_per_pixel = (time.monotonic() - before) / (rows * columns)
        return painting


def is_watched(folder: Path) -> bool:
    """Whether somebody has touched `layout.WATCHED` a moment ago."""
    try:
        return time.time() - (folder / layout.WATCHED).stat().st_mtime < SECONDS_UNWATCHED
    except OSError:
        return False


def _write(path: Path, painting: NDArray[np.floating], moment: Moment) -> None:
    if painting.shape[2] == 4:
        # JPEG knows nothing of transparency.
        alpha = painting[:, :, 3:]
        painting = painting[:, :, :3] * alpha + (1 - alpha)
    buffer = io.BytesIO()
    # A fifth of the time that WebP takes, a fifteenth of PNG's, for 300 x 429 pixels.
    images.as_image(painting).save(buffer, format="JPEG", quality=90, subsampling=0, comment=moment.as_json())
    write_bytes(path, buffer.getvalue(), synced=False)
