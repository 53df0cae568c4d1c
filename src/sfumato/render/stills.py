"""Sources of a film's frames in a run's folder: exact paintings from training, and saved moments between them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sfumato.errors import RunError
from sfumato.render.curve import CurvePoint
from sfumato.runs import Run, layout, weights
from sfumato.runs.files import require_regular


@dataclass(frozen=True)
class Still:
    """The source of one frame: an exact painting on disk, a moment to be painted, or both."""

    step: int
    epoch: float
    loss: float
    """Training loss; nan before the first step."""
    psnr: float | None
    """PSNR in dB over all pixels, if there is an exact painting."""
    exact: Path | None
    moment: Path | None


def stills(run: Run) -> list[Still]:
    """Return all stills of a run, in the order of their steps. Raises RunError when there is none."""
    found: dict[int, Still] = {}
    for file in run.moments():
        moment = weights.moment_of(file)
        loss = math.nan if moment.loss is None else moment.loss
        found[moment.step] = Still(moment.step, moment.epoch, loss, None, None, file)
    for line in run.metrics:
        file = run.folder / layout.frame(line["step"])
        if file.exists():
            step = line["step"]
            moment_file = found[step].moment if step in found else None
            loss = math.nan if line["loss"] is None else line["loss"]
            found[step] = Still(step, line["epoch"], loss, line["psnr"], file, moment_file)
    if not found:
        raise RunError(f"{run.folder} must have saved moments or frames to make a film of. Got none.")
    return [found[step] for step in sorted(found)]


def one_per_epoch(all_stills: list[Still]) -> list[Still]:
    """Return the still nearest to the end of each epoch, and always the first and the last."""
    epochs = np.array([still.epoch for still in all_stills])
    ends = np.arange(math.floor(epochs[-1]) + 1)
    # A still more than half an epoch away represents the end of another epoch, or of none.
    nearest = {int(np.abs(epochs - end).argmin()) for end in ends if np.abs(epochs - end).min() < 0.5}
    return [all_stills[number] for number in sorted(nearest | {0, len(all_stills) - 1})]


def read(still: Still, size: tuple[int, int]) -> NDArray[np.float32]:
    """Read the exact painting, (H, W, C) in [0, 1].

    Raises RunError when its file is damaged, or does not have the `size` (H, W).
    """
    assert still.exact is not None
    try:
        with Image.open(require_regular(still.exact), formats=["PNG"]) as image:
            if image.size != size[::-1]:
                raise ValueError(f"it has {image.size[0]}x{image.size[1]} pixels, the picture {size[1]}x{size[0]}")
            pixels = np.asarray(image).astype(np.float32) / np.float32(255)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        # Pillow raises any of these for a damaged PNG.
        raise RunError(f"{still.exact} must be a painting of the run: {error}. Restore or remove the file.") from None
    return pixels.reshape(*pixels.shape[:2], -1)


def points(run: Run) -> list[CurvePoint]:
    """Return the run's training curve: its evaluations, and running values at the moments between them."""
    found: dict[int, CurvePoint] = {}
    for file in run.moments():
        moment = weights.moment_of(file)
        if moment.loss is not None:
            found[moment.step] = CurvePoint(moment.epoch, moment.seconds, moment.loss, moment.running_psnr)
    for line in run.metrics:
        loss = math.nan if line["loss"] is None else line["loss"]
        found[line["step"]] = CurvePoint(line["epoch"], line["seconds"], loss, line["psnr"])
    return [found[step] for step in sorted(found)]
