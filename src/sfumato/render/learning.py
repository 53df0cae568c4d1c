"""The film of a run: exact paintings where training made them, paintings from saved moments between them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from sfumato import images, models
from sfumato.render.curve import CurvePoint, write_curve
from sfumato.render.film import write_film
from sfumato.render.frame import Frame
from sfumato.runs import Run, layout, replacing, weights
from sfumato.streams import stream

LARGEST_SIDE = 1280
"""Films of larger pictures are shrunk to this many pixels."""

SAMPLED_PIXELS = 4096
"""So many pixels tell the PSNR of a frame that is not painted whole: to about 0.1 dB."""

FRAMES_A_SECOND = 12.0

Stage = Callable[[str, int, int], None]


@dataclass(frozen=True)
class _Still:
    """A frame to come: an exact painting on disk, or a moment still to be painted."""

    step: int
    epoch: float
    loss: float
    psnr: float | None
    file: Path
    painted: bool


def finish(run: Run, film: Literal["mp4", "gif", "webp", "none"], stage: Stage) -> None:
    """Draw the curve and the film into the run's folder. Raises RunError when they cannot be written."""
    stills = _stills(run)
    with replacing(run.folder / layout.CURVE) as partial:
        write_curve(partial, _points(run), title=f"{run.recipe.picture.source} · {run.facts['id']}")
    if film == "none":
        return
    height, width = run.facts["picture"]["height"], run.facts["picture"]["width"]
    shrink = min(1.0, LARGEST_SIDE / max(height, width))
    size = (max(2, round(width * shrink)), max(2, round(height * shrink)))
    curve = [(still.epoch, still.loss) for still in stills if math.isfinite(still.loss)]
    with replacing(run.folder / f"{layout.FILM}.{film}") as partial:
        write_film(
            partial,
            _frames(run, stills, stage),
            size=size,
            format=film,
            fps=max(FRAMES_A_SECOND, min(30.0, len(stills) / 20)),
            curve=curve,
        )


def _stills(run: Run) -> list[_Still]:
    """In the order of their steps; where a moment has an exact painting, that one."""
    found: dict[int, _Still] = {}
    for file in run.moments():
        moment = weights.moment_of(file)
        loss = math.nan if moment.loss is None else moment.loss
        found[moment.step] = _Still(moment.step, moment.epoch, loss, None, file, painted=False)
    for line in run.metrics:
        file = run.folder / layout.frame(line["step"])
        if file.exists():
            loss = math.nan if line["loss"] is None else line["loss"]
            found[line["step"]] = _Still(line["step"], line["epoch"], loss, line["psnr"], file, painted=True)
    return [found[step] for step in sorted(found)]


def _points(run: Run) -> list[CurvePoint]:
    found: dict[int, CurvePoint] = {}
    for file in run.moments():
        moment = weights.moment_of(file)
        if moment.loss is not None:
            found[moment.step] = CurvePoint(moment.epoch, moment.seconds, moment.loss, moment.running_psnr)
    for line in run.metrics:
        loss = math.nan if line["loss"] is None else line["loss"]
        found[line["step"]] = CurvePoint(line["epoch"], line["seconds"], loss, line["psnr"])
    return [found[step] for step in sorted(found)]


def _frames(run: Run, stills: list[_Still], stage: Stage) -> Iterator[Frame]:
    sizes = iter(_sizes(run, sum(not still.painted for still in stills)))
    painter = _Painter(run)
    for number, still in enumerate(stills):
        if still.painted:
            with Image.open(still.file) as image:
                pixels = np.asarray(image).astype(np.float32) / np.float32(255)
            yield Frame(pixels.reshape(*pixels.shape[:2], -1), still.epoch, still.step, still.psnr, still.loss)
        else:
            painting, psnr = painter.paint(still.file, *next(sizes))
            yield Frame(painting, still.epoch, still.step, psnr, still.loss)
        stage("film", number + 1, len(stills))


def _sizes(run: Run, count: int) -> list[tuple[int, int]]:
    """Rows and columns of the moments' paintings, together no more work than the training was.

    A network's painting is smooth at first: so the area grows evenly from frame to frame.
    """
    height, width = run.facts["picture"]["height"], run.facts["picture"]["width"]
    # Training a sample costs three times what painting it does.
    affordable = 3 * run.facts["result"]["samples"]
    sizes: list[tuple[int, int]] = []
    for number in range(1, count + 1):
        area = max(affordable * 2 * number / (count * (count + 1)), 4096)
        scale = min(1.0, math.sqrt(area / (height * width)))
        sizes.append((max(2, round(height * scale)), max(2, round(width * scale))))
    return sizes


class _Painter:
    """Paints moments of one run."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._recipe = run.recipe
        picture = run.picture
        height, width, channels = picture.shape
        chosen = stream(self._recipe.seed, "film").permutation(height * width)[:SAMPLED_PIXELS]
        self._sample = models.grid(self._recipe.coordinates, height, width)[chosen]
        self._truth = picture.reshape(-1, channels)[chosen]
        self._model: torch.nn.Module | None = None

    def paint(self, moment: Path, rows: int, columns: int) -> tuple[NDArray[np.float32], float]:
        """(rows, columns, C) in [0, 1] as sRGB, and the PSNR in dB over a sample of the picture's own pixels."""
        model, _ = self._run.model(moment, self._model)
        self._model = model
        outputs = models.outputs(model, models.grid(self._recipe.coordinates, rows, columns), self._recipe.threads)
        painting = np.clip(outputs, 0, 1).astype(np.float32).reshape(rows, columns, -1)
        if self._recipe.picture.light == "linear":
            painting = images.linear_to_srgb(painting)
        sample = np.clip(models.outputs(model, self._sample, self._recipe.threads), 0, 1)
        return painting, images.psnr(images.mse(sample, self._truth))
