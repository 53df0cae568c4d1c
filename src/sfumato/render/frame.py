"""One moment of a run, as a film shows it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Frame:
    """A painting and what was known when it was made."""

    painting: NDArray[np.float32]
    """(h, w, C), C = 1 grey, 3 RGB, 4 RGBA; values outside [0, 1] are clipped when drawn, nan is drawn as 0."""
    epoch: float
    """Times that every training pixel had been visited."""
    step: int
    """Updates made."""
    psnr: float | None
    """Of the painting, in dB; None where it was not measured."""
    loss: float
    """The running training loss; may be nan or infinite."""
