"""What training on a picture yields as it goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sfumato.training.picture.evaluation import PictureMetrics
from sfumato.training.snapshot import Snapshot


@dataclass(frozen=True)
class PictureSnapshot(Snapshot):
    """Training on a picture at one moment, with what the network paints."""

    evaluation: PictureMetrics | None
    size: tuple[int, int]
    """(H, W) of the picture."""
    paint: Callable[[int, int], NDArray[np.floating]] = field(repr=False)
    """(rows, columns) -> (rows, columns, C), unclipped: the network painted finer or coarser than the picture."""
    canvas: Callable[..., NDArray[np.float32] | None] = field(repr=False)
    """(longest side, by default None) -> (rows, columns, C), unclipped, for next to nothing: each pixel as the network
    answered it when it was last trained on it. Rows and columns are left out where a side has more pixels than asked
    for; None: (H, W, C). It returns None where the engine keeps no answers."""

    def painting(self) -> NDArray[np.floating]:
        """(H, W, C), unclipped."""
        return self.paint(*self.size) if self.evaluation is None else self.evaluation.painting
