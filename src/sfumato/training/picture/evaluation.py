"""A painting compared with the picture."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfumato import images
from sfumato.training.metrics import Metrics
from sfumato.training.problem import InterruptedEvaluationError, Stage

BLOCK = 2**18
"""Pixels that are painted and compared at a time: what is computed on the way stays small, whatever the picture is."""

OPERATIONS = 8 * 10**10
"""Parameters times pixels of a block, at most: a second or so of work, after which one can be told, and asked."""

FEWEST = 2**13
"""Pixels of a block, whatever the network is."""

QUIET = 0.5
"""Seconds after which it is told how far an evaluation is."""

Rows = Callable[[slice], NDArray[np.floating]]
"""Some of the painting's rows -> (rows, W, C), unclipped."""


@dataclass(frozen=True)
class PictureMetrics(Metrics):
    """Errors over all pixels and channels, on values as the network learned them.

    ``mse`` is that of the painting as it is, ``psnr`` that of the painting clipped to [0, 1].
    """

    painting: NDArray[np.floating]
    """(H, W, C), unclipped."""
    mae: float
    """Mean absolute error, unclipped."""
    ssim: float
    """Structural similarity of the clipped painting."""
    psnr_held_out: float | None
    """dB over the pixels that training never saw, or None where there are none."""
    psnr_shown: float | None
    """dB over all others, or None where none are held out."""
    mean_color_psnr_held_out: float | None
    """dB over the pixels held out of one flat color, the mean of the others."""

    def named(self) -> dict[str, float]:
        """As `Metrics.named`."""
        found = {"mse": self.mse, "mae": self.mae, "psnr": self.psnr, "ssim": self.ssim}
        return found if self.psnr_held_out is None else found | {"psnr_held_out": self.psnr_held_out}


def no_stage(name: str, done: int, total: int) -> None:
    """Watch no evaluation."""


def rows_per_block(width: int, parameters: int) -> int:
    """How many rows of a picture are painted and compared at a time, by a network of so many parameters."""
    # By the work and not by the clock: sums of parts have other last digits than those of other parts.
    pixels = min(BLOCK, max(FEWEST, OPERATIONS // max(parameters, 1)))
    return max(1, pixels // width)


def evaluate(
    rows: Rows,
    picture: NDArray[np.float64],
    held_out: NDArray[np.bool_] | None,
    *,
    block: int | None = None,
    stage: Stage = no_stage,
    stop: Callable[[], bool] = lambda: False,
) -> PictureMetrics:
    """Paint and compare, ``block`` rows at a time; ``held_out`` is the (H, W) mask of pixels that are not trained on.

    ``stage`` is told how many rows are done, where it takes long enough to be told. ``stop`` is asked after each block:
    raises InterruptedEvaluationError when it says so.
    """
    height, width, channels = picture.shape
    several = block or height
    painting: NDArray[np.floating] | None = None
    similarity = images.Similarity(picture.shape)
    squared = absolute = clipped_squared = held_squared = shown_squared = 0.0
    began, told = time.perf_counter(), False
    for start in range(0, height, several):
        some = slice(start, min(start + several, height))
        part = rows(some)
        if painting is None:
            painting = part if some.stop == height else np.empty((height, width, channels), part.dtype)
        painting[some] = part
        error = np.subtract(part, picture[some], dtype=np.float64)
        squared += float(np.sum(np.square(error)))
        absolute += float(np.sum(np.abs(error, out=error)))
        clipped = np.subtract(np.clip(part, 0.0, 1.0), picture[some], dtype=np.float64)
        np.square(clipped, out=clipped)
        clipped_squared += float(np.sum(clipped))
        if held_out is not None:
            held_squared += float(np.sum(clipped[held_out[some]]))
            shown_squared += float(np.sum(clipped[~held_out[some]]))
        similarity.compare(painting, picture, some.stop)
        if told or (some.stop < height and time.perf_counter() - began >= QUIET):
            if not told:
                stage("evaluation", 0, height)
            told = True
            stage("evaluation", some.stop, height)
        if some.stop < height and stop():
            raise InterruptedEvaluationError
    assert painting is not None, "a picture has a row"
    unseen = seen = flat = None
    if held_out is not None:
        unseen = images.psnr(held_squared / (int(held_out.sum()) * channels))
        seen = images.psnr(shown_squared / (int((~held_out).sum()) * channels))
        flat = images.psnr(images.mse(_flat(picture, held_out), picture[held_out]))
    return PictureMetrics(
        mse=squared / picture.size,
        psnr=images.psnr(clipped_squared / picture.size),
        painting=painting,
        mae=absolute / picture.size,
        ssim=similarity.mean,
        psnr_held_out=unseen,
        psnr_shown=seen,
        mean_color_psnr_held_out=flat,
    )


def _flat(picture: NDArray[np.float64], held_out: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(n, C): the mean of the pixels that are not held out, for each one that is."""
    unseen = picture[held_out]
    return np.broadcast_to(picture[~held_out].mean(axis=0), unseen.shape)
