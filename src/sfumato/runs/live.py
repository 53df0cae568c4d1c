"""The newest painting of a run while somebody watches, with its figures: live.jpg, several times a second."""

from __future__ import annotations

import io
import math
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sfumato import images
from sfumato.errors import RunError
from sfumato.recipe.picture import Light
from sfumato.runs import layout
from sfumato.runs.atomic import write_bytes
from sfumato.runs.weights import Moment
from sfumato.training import Snapshot
from sfumato.training.looking import LIVE, WATCHING

SECONDS_AN_UPDATE = 0.08
"""At least so long between two; snapshots come about every tenth of a second, and each of them should do."""

SECONDS_UNWATCHED = 3.0
"""Who watches touches the file `layout.WATCHED` more often than that."""

LONGEST = 640
"""Pixels of the longer side: a larger painting is shown coarser."""

_COARSE = (32, 16_384)
"""Fewest and most pixels that are painted where the engine keeps no answers."""


class LiveView:
    """Writes live.jpg while the file `layout.WATCHED` in the run's folder is touched again and again."""

    def __init__(self, folder: Path, light: Light) -> None:
        self._folder = folder
        self._light: Light = light
        self._shown_at = -math.inf
        self._seconds_a_pixel = 1e-5

    def show(self, snapshot: Snapshot) -> None:
        """Write the newest painting, if somebody watches and it is time for it. A full disk ends no training."""
        now = time.monotonic()
        if now - self._shown_at < SECONDS_AN_UPDATE or not is_watched(self._folder):
            return
        looking = snapshot.looking
        if looking.between and looking.seconds["watching"] > looking.early(LIVE):
            return
        with looking.at("watching"):
            self._shown_at = now
            painting = snapshot.canvas()
            if painting is None:
                painting = self._coarse(snapshot)
            try:
                shown = images.shown(_at_most(painting, LONGEST), self._light)
                _write(self._folder / layout.LIVE, shown, Moment.of(snapshot))
            except RunError:
                return

    def _coarse(self, snapshot: Snapshot) -> NDArray[np.floating]:
        looking, (height, width) = snapshot.looking, snapshot.size
        pixels = _COARSE[1]
        if looking.between:
            pixels = (looking.early(WATCHING) - looking.seconds["watching"]) / self._seconds_a_pixel
        scale = math.sqrt(np.clip(pixels, *_COARSE) / (height * width))
        rows, columns = (max(round(side * min(scale, 1)), 1) for side in (height, width))
        before = time.monotonic()
        painting = snapshot.paint(rows, columns)
        self._seconds_a_pixel = (time.monotonic() - before) / (rows * columns)
        return painting


def is_watched(folder: Path) -> bool:
    """Whether somebody has touched `layout.WATCHED` a moment ago."""
    try:
        return time.time() - (folder / layout.WATCHED).stat().st_mtime < SECONDS_UNWATCHED
    except OSError:
        return False


def _at_most(painting: NDArray[np.floating], longest: int) -> NDArray[np.floating]:
    apart = -(-max(painting.shape[:2]) // longest)
    return painting[::apart, ::apart]


def _write(path: Path, painting: NDArray[np.floating], moment: Moment) -> None:
    if painting.shape[2] == 4:
        # JPEG knows nothing of transparency.
        alpha = painting[:, :, 3:]
        painting = painting[:, :, :3] * alpha + (1 - alpha)
    buffer = io.BytesIO()
    # A fifth of the time that WebP takes, a fifteenth of PNG's, for 300 x 429 pixels.
    images.as_image(painting).save(buffer, format="JPEG", quality=90, subsampling=0, comment=moment.as_json())
    write_bytes(path, buffer.getvalue(), synced=False)
