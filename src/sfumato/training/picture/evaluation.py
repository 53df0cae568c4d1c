"""Evaluation: comparison of a painting with the picture."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sfumato import images
from sfumato.errors import RecipeError
from sfumato.images.ms_ssim import MIN_SIDE
from sfumato.images.values import blocks
from sfumato.recipe import Recipe
from sfumato.recipe.training import ComparedValues
from sfumato.training.problem import InterruptedEvaluationError, Stage
from sfumato.training.snapshot import Metrics

BLOCK = 2**18
"""Maximum pixels of a block, which is painted and compared at a time, to limit the memory of large pictures."""

OPERATIONS = 8 * 10**10
"""Maximum parameters times pixels of a block: about a second of work between two calls of ``stage`` and ``stop``."""

MIN_BLOCK = 2**13
"""Minimum pixels of a block, whatever the network is."""

QUIET = 0.5
"""Seconds after which the progress of an evaluation is reported."""

Rows = Callable[[slice], NDArray[np.floating]]
"""Function that paints some rows: slice -> (rows, W, C), unclipped."""


@dataclass(frozen=True)
class PictureMetrics(Metrics):
    """Metrics over all pixels and channels, on the values that the network learns.

    ``mse`` is of the unclipped painting, ``psnr`` of the values that `Evaluation.psnr` of the recipe names, by default
    those of the painting clipped to [0, 1].
    """

    painting: NDArray[np.floating]
    """The unclipped painting, (H, W, C)."""
    mae: float
    """Mean absolute error of the unclipped painting."""
    ssim: float | None
    """Structural similarity of the clipped painting; None if it was not asked for, as are the next ones."""
    psnr_held_out: float | None
    """PSNR in dB over the held-out pixels; None if there are none."""
    psnr_trained: float | None
    """PSNR in dB over the training pixels; None if no pixels are held out, or all."""
    mean_color_psnr_held_out: float | None
    """PSNR in dB over the held-out pixels of the mean-color baseline, the mean of the training samples."""
    others: Mapping[str, float]
    """The other metrics that were asked for, by name: `ms_ssim` and `flip`; ``ssim`` and ``flip`` over held-out and
    over training pixels, ``ssim_held_out`` and so on, where some are held out."""

    def named(self) -> dict[str, float]:
        """Return every metric by its name, without those that were not measured."""
        measured = {
            "mse": self.mse,
            "mae": self.mae,
            "psnr": self.psnr,
            "ssim": self.ssim,
            "psnr_held_out": self.psnr_held_out,
            "psnr_trained": self.psnr_trained,
            **self.others,
        }
        return {name: value for name, value in measured.items() if value is not None}


class HeldOut(NamedTuple):
    """The held-out pixels of a picture."""

    mask: NDArray[np.bool_]
    """(H, W), true for held-out pixels."""
    mean_color: NDArray[np.float64]
    """(C,) mean of the training samples."""


def no_stage(name: str, done: int, total: int) -> None:
    """Ignore the progress of an evaluation."""


def rows_per_block(width: int, parameters: int) -> int:
    """Return how many rows are painted and compared at a time, for a network with ``parameters`` parameters."""
    # A fixed number, not one by measured time: the rounding of the sums depends on the blocks.
    pixels = min(BLOCK, max(MIN_BLOCK, OPERATIONS // max(parameters, 1)))
    return max(1, pixels // width)


def evaluate(
    rows: Rows,
    picture: NDArray[np.float64],
    held_out: HeldOut | None,
    *,
    metrics: Collection[str] = ("ssim",),
    transfer: Literal["srgb", "linear"] = "srgb",
    compared: ComparedValues = "clipped",
    block: int | None = None,
    stage: Stage = no_stage,
    stop: Callable[[], bool] = lambda: False,
) -> PictureMetrics:
    """Paint and compare, ``block`` rows at a time; ``held_out`` is None where no pixels are held out.

    ``metrics``: those besides MSE, MAE and PSNR. SSIM over some pixels is the mean over the windows around them, FLIP
    the mean of their errors; MS-SSIM is that of the whole picture alone, since its scales merge pixels. FLIP converts
    values with the transfer function ``transfer`` to sRGB, for which it is defined.
    ``compared``: the values of which the PSNRs are.

    ``stage`` is called with the number of rows done, if the evaluation takes more than `QUIET` seconds. ``stop`` is
    called after each block; raise InterruptedEvaluationError if it returns true.
    """
    height, width, channels = picture.shape
    rows_at_once = block or height
    painting: NDArray[np.floating] | None = None
    similarity = images.Similarity(picture.shape)
    squared = absolute = compared_squared = held_out_squared = trained_squared = 0.0
    start_time, reported = time.perf_counter(), False
    for start in range(0, height, rows_at_once):
        some = slice(start, min(start + rows_at_once, height))
        part = rows(some)
        if painting is None:
            painting = part if some.stop == height else np.empty((height, width, channels), part.dtype)
        painting[some] = part
        error = np.subtract(part, picture[some], dtype=np.float64)
        squared += float(np.sum(np.square(error)))
        absolute += float(np.sum(np.abs(error, out=error)))
        difference = np.subtract(_compared(part, compared), picture[some], dtype=np.float64)
        np.square(difference, out=difference)
        compared_squared += float(np.sum(difference))
        if held_out is not None:
            held_out_squared += float(np.sum(difference[held_out.mask[some]]))
            trained_squared += float(np.sum(difference[~held_out.mask[some]]))
        if "ssim" in metrics:
            similarity.compare(painting, picture, some.stop, None if held_out is None else held_out.mask)
        if reported or (some.stop < height and time.perf_counter() - start_time >= QUIET):
            if not reported:
                stage("evaluation", 0, height)
            reported = True
            stage("evaluation", some.stop, height)
        if some.stop < height and stop():
            raise InterruptedEvaluationError
    assert painting is not None, "a picture has a row"
    psnr_held_out = psnr_trained = baseline = None
    if held_out is not None:
        colors = picture[held_out.mask]
        psnr_held_out = images.psnr(held_out_squared / colors.size)
        if colors.size < picture.size:
            psnr_trained = images.psnr(trained_squared / (picture.size - colors.size))
        baseline = images.psnr(images.mse(np.broadcast_to(held_out.mean_color, colors.shape), colors))
    return PictureMetrics(
        mse=squared / picture.size,
        psnr=images.psnr(compared_squared / picture.size),
        painting=painting,
        mae=absolute / picture.size,
        ssim=similarity.mean if "ssim" in metrics else None,
        psnr_held_out=psnr_held_out,
        psnr_trained=psnr_trained,
        mean_color_psnr_held_out=baseline,
        others=_others(metrics, painting, picture, held_out, similarity, transfer),
    )


def _others(
    metrics: Collection[str],
    painting: NDArray[np.floating],
    picture: NDArray[np.float64],
    held_out: HeldOut | None,
    similarity: images.Similarity,
    transfer: Literal["srgb", "linear"],
) -> dict[str, float]:
    found: dict[str, float | None] = {}
    if "ssim" in metrics and held_out is not None:
        found["ssim_held_out"], found["ssim_trained"] = similarity.means_of_mask()
    if "ms_ssim" in metrics:
        found["ms_ssim"] = images.ms_ssim(painting, picture)
    if "flip" in metrics:
        found |= _flip(painting, picture, held_out, transfer)
    return {name: value for name, value in found.items() if value is not None}


def _flip(
    painting: NDArray[np.floating],
    picture: NDArray[np.float64],
    held_out: HeldOut | None,
    transfer: Literal["srgb", "linear"],
) -> dict[str, float | None]:
    height, width, _ = picture.shape
    if transfer == "linear":
        painting, picture = images.to_srgb(painting, transfer), images.to_srgb(picture, transfer).astype(np.float64)
    total = held_out_total = 0.0
    for rows in blocks(height, width * 8):
        errors = images.flip_rows(painting, picture, rows)
        total += float(errors.sum())
        if held_out is not None:
            held_out_total += float(errors[held_out.mask[rows]].sum())
    pixels = height * width
    if held_out is None:
        return {"flip": total / pixels}
    of_mask = int(held_out.mask.sum())
    return {
        "flip": total / pixels,
        "flip_held_out": held_out_total / of_mask,
        "flip_trained": (total - held_out_total) / (pixels - of_mask) if of_mask < pixels else None,
    }


def check_metrics(recipe: Recipe, height: int, width: int) -> None:
    """Raise RecipeError if a metric of the recipe is not defined for a picture of this size."""
    if "ms_ssim" in recipe.evaluation.metrics and min(height, width) < MIN_SIDE:
        raise RecipeError(
            f"evaluation.metrics must be without ms_ssim for a picture with a side under {MIN_SIDE} pixels. "
            f"Got {width}x{height}; leave it out, or use a larger picture."
        )


def _compared(values: NDArray[np.floating], which: ComparedValues) -> NDArray[np.floating]:
    if which == "unclipped":
        return values
    clipped = np.clip(values, 0.0, 1.0)
    return clipped if which == "clipped" else np.round(clipped * 255) / 255
