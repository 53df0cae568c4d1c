"""What a run left for its film: exact paintings where training made them, saved moments between them."""

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
from sfumato.runs.regular import regular


@dataclass(frozen=True)
class Still:
    """A frame to come: from an exact painting on disk, from a moment still to be painted, or from either."""

    step: int
    epoch: float
    loss: float
    """nan before the first step."""
    psnr: float | None
    """In dB over all pixels, where there is an exact painting."""
    exact: Path | None
    moment: Path | None


def stills(run: Run) -> list[Still]:
    """All of a run, in the order of their steps. Raises RunError when there is none."""
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
    """Of the stills, the nearest to the end of each epoch; always the first and the last."""
    epochs = np.array([still.epoch for still in all_stills])
    wanted = np.arange(math.floor(epochs[-1]) + 1)
    # Beyond half an epoch it stands for another epoch's end, or for none.
    near = {int(np.abs(epochs - epoch).argmin()) for epoch in wanted if np.abs(epochs - epoch).min() < 0.5}
    return [all_stills[number] for number in sorted(near | {0, len(all_stills) - 1})]


def read(still: Still, size: tuple[int, int]) -> NDArray[np.float32]:
    """(H, W, C) in [0, 1], the exact painting. Raises RunError when its file is damaged, or not of `size` (H, W)."""
    assert still.exact is not None
    try:
        with Image.open(regular(still.exact), formats=["PNG"]) as image:
            if image.size != size[::-1]:
                raise ValueError(f"it has {image.size[0]}x{image.size[1]} pixels, the picture {size[1]}x{size[0]}")
            pixels = np.asarray(image).astype(np.float32) / np.float32(255)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        # Pillow tells of a broken PNG with any of them.
        raise RunError(f"{still.exact} must be a painting of the run: {error}. Restore or remove the file.") from None
    return pixels.reshape(*pixels.shape[:2], -1)


def points(run: Run) -> list[CurvePoint]:
    """The run's curve: evaluations, and running figures at the moments between them."""
    found: dict[int, CurvePoint] = {}
    for file in run.moments():
        moment = weights.moment_of(file)
        if moment.loss is not None:
            found[moment.step] = CurvePoint(moment.epoch, moment.seconds, moment.loss, moment.running_psnr)
    for line in run.metrics:
        loss = math.nan if line["loss"] is None else line["loss"]
        found[line["step"]] = CurvePoint(line["epoch"], line["seconds"], loss, line["psnr"])
    return [found[step] for step in sorted(found)]
