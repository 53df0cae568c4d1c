"""Snapshots that training on a picture yields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sfumato.training.picture.evaluation import PictureMetrics
from sfumato.training.snapshot import Snapshot


@dataclass(frozen=True)
class PictureSnapshot(Snapshot):
    """The state of a training on a picture at one moment, with the network's painting."""

    evaluation: PictureMetrics | None
    size: tuple[int, int]
    """(H, W) of the picture."""
    paint: Callable[[int, int], NDArray[np.floating]] = field(repr=False)
    """Return an unclipped painting of any resolution: (rows, columns) -> (rows, columns, C)."""
    canvas: Callable[..., NDArray[np.float32] | None] = field(repr=False)
    """Return an approximate, unclipped painting at almost no cost: (longest side or None) -> (rows, columns, C).

    Each pixel is the network's output when it was last trained on. Rows and columns are skipped if a side has more
    pixels than the given number; with None it is (H, W, C). Return None if the engine does not collect outputs."""

    def painting(self) -> NDArray[np.floating]:
        """Return the unclipped painting, (H, W, C)."""
        return self.paint(*self.size) if self.evaluation is None else self.evaluation.painting
