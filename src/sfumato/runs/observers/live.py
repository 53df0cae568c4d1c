"""Writing live.jpg, the newest painting with its metrics, several times per second while a viewer watches."""

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
from sfumato.runs.files import remove, write_bytes
from sfumato.runs.observers.folder import FolderObserver
from sfumato.runs.weights import Moment
from sfumato.training import Overhead, PictureSnapshot

SECONDS_PER_UPDATE = 0.08
"""Minimum time between two updates; snapshots come about every 0.1 s, and each of them should be shown."""

SECONDS_UNWATCHED = 3.0
"""Age of the file `layout.WATCHED` from which on no viewer watches; viewers touch it more often."""

MAX_SIDE = 640
"""Largest longer side in pixels; a larger painting is reduced."""

COARSE_OVERHEAD = Overhead(share=0.015, frontloaded=True)
"""Budget of paintings that are made for the live view alone; what is left of it determines their pixels."""

_COARSE_PIXELS = (32, 16_384)
"""Limits of the number of pixels that are painted when the engine keeps no outputs."""


class LiveView(FolderObserver[PictureSnapshot]):
    """An observer that writes live.jpg while the file `layout.WATCHED` in the run's folder is touched repeatedly."""

    name = "live view"
    overhead = Overhead(share=0.04, frontloaded=True)

    def __init__(self, folder: Path, transfer: Transfer) -> None:
        """Set up for a folder; ``transfer`` is the transfer function of the picture as trained on."""
        super().__init__(folder)
        self._transfer: Transfer = transfer
        self._updated_at = -math.inf
        self._seconds_per_pixel = 1e-5

    def due(self, snapshot: PictureSnapshot) -> bool:
        """Return whether a viewer watches, and the last update is old enough."""
        elapsed = time.monotonic() - self._updated_at >= SECONDS_PER_UPDATE
        return snapshot.ended != "diverged" and elapsed and is_watched(self.folder)

    def observe(self, snapshot: PictureSnapshot) -> None:
        """Write the newest painting. A full disk does not end the training."""
        self._updated_at = time.monotonic()
        painting = snapshot.canvas(MAX_SIDE)
        if painting is None:
            painting = self._paint_coarsely(snapshot)
        with suppress(RunError):
            _write(self.folder / layout.LIVE, images.to_srgb(painting, self._transfer), Moment.of(snapshot))

    def finish(self, status: str) -> None:
        """Remove the files that only viewers of an active training need."""
        for name in (layout.LIVE, layout.WATCHED):
            remove(self.folder / name)

    def _paint_coarsely(self, snapshot: PictureSnapshot) -> NDArray[np.floating]:
        overhead, (height, width) = snapshot.overhead, snapshot.size
        pixels = _COARSE_PIXELS[1]
        if overhead.under_way:
            pixels = overhead.left(COARSE_OVERHEAD, self.name) / self._seconds_per_pixel
        scale = math.sqrt(np.clip(pixels, *_COARSE_PIXELS) / (height * width))
        rows, columns = (max(round(side * min(scale, 1)), 1) for side in (height, width))
        before = time.monotonic()
        painting = snapshot.paint(rows, columns)
        self._seconds_per_pixel = (time.monotonic() - before) / (rows * columns)
        return painting


def is_watched(folder: Path) -> bool:
    """Return whether `layout.WATCHED` was touched recently."""
    try:
        return time.time() - (folder / layout.WATCHED).stat().st_mtime < SECONDS_UNWATCHED
    except OSError:
        return False


def _write(path: Path, painting: NDArray[np.floating], moment: Moment) -> None:
    if painting.shape[2] == 4:
        # JPEG has no transparency, so the background becomes white.
        alpha = painting[:, :, 3:]
        painting = painting[:, :, :3] * alpha + (1 - alpha)
    buffer = io.BytesIO()
    # JPEG takes a fifth of the time of WebP, and a fifteenth of PNG's, for 300 x 429 pixels.
    images.as_image(painting).save(buffer, format="JPEG", quality=90, subsampling=0, comment=moment.as_json())
    write_bytes(path, buffer.getvalue(), synced=False)
