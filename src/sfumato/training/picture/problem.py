"""The problem of a picture: from the coordinates of its pixels to their colors; held-out pixels; its snapshots."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from torch import nn

from sfumato import images, models
from sfumato.formatting import duration
from sfumato.log import LOG
from sfumato.recipe import Recipe
from sfumato.training.engines import Engine, Shared
from sfumato.training.grid import Grid
from sfumato.training.health.layer_probe import LayerProbe
from sfumato.training.health.network_stats import NetworkStats
from sfumato.training.picture.canvas import Canvas
from sfumato.training.picture.evaluation import (
    BLOCK,
    HeldOut,
    PictureMetrics,
    check_metrics,
    evaluate,
    rows_per_block,
)
from sfumato.training.picture.splits import training_samples
from sfumato.training.problem import Guard, Monitor, Problem, Stage
from sfumato.training.snapshot import Snapshot, extended

TRIED_PIXELS = 4096
"""Pixels that are painted and compared before the first step, to estimate the time of an evaluation."""
LONG_EVALUATION = 10.0
"""Estimated seconds of an evaluation from which on a message is logged before the first step."""


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


class PictureProblem(Problem[PictureSnapshot]):
    """A picture to learn, on what the recipe's split leaves of it."""

    def __init__(self, recipe: Recipe, picture: NDArray[np.float32], shared: Shared | None = None) -> None:
        """Prepare the samples of ``picture`` (H, W, C); ``recipe`` resolved.

        ``shared``: the same object for networks that are trained concurrently.
        """
        height, width, _ = picture.shape
        check_metrics(recipe, height, width)
        self.picture = picture
        self.exact = (shared or Shared()).intern(images.exact(picture))
        """The picture in float64, (H, W, C)."""
        self.samples = training_samples(recipe, models.grid(recipe.coordinates, height, width), self.exact)
        self.inputs, self.targets = self.samples.inputs, self.samples.targets

    @property
    def grid(self) -> Grid:
        """The samples in the rows and columns of the picture, without those that have no sample."""
        height, width, _ = self.picture.shape
        pixels = self.samples.pixel_of_sample
        return Grid(height, width) if pixels is None else Grid.at_positions(*np.divmod(pixels, width))

    def network(self, recipe: Recipe) -> nn.Module:
        """Return the initialized network of the recipe, (N, 2) -> (N, C)."""
        channels, dtype = self.targets.shape[1], models.DTYPES[recipe.dtype]
        return models.build(recipe.model, channels, recipe.seed, dtype, recipe.coordinates)

    def monitor(self, recipe: Recipe, engine: Engine, model: nn.Module) -> Monitor[PictureSnapshot]:
        """Return a monitor that paints and compares with the picture."""
        return PictureMonitor(self, recipe, engine, model)


class PictureMonitor(Monitor[PictureSnapshot]):
    """Evaluation of one network in training by its painting."""

    def __init__(self, problem: PictureProblem, recipe: Recipe, engine: Engine, model: nn.Module) -> None:
        self._problem, self._recipe, self._engine, self._model = problem, recipe, engine, model
        self._parameters = sum(each.numel() for each in model.parameters())
        self._size = problem.picture.shape[:2]
        held_out = problem.samples.held_out
        self._held_out = None if held_out is None else HeldOut(held_out, problem.targets.mean(axis=0))
        self._canvas = Canvas(engine, self._size, problem.samples)
        self._probe: LayerProbe | None = None

    def evaluate(self, stage: Stage, stop: Callable[[], bool]) -> PictureMetrics:
        """Paint all pixels and compare them with the picture."""
        height, width = self._size
        metrics = evaluate(
            lambda rows: self._paint_rows(height, width, rows),
            self._problem.exact,
            self._held_out,
            metrics=self._recipe.evaluation.metrics,
            transfer=self._recipe.picture.transfer,
            compared=self._recipe.evaluation.psnr,
            block=rows_per_block(width, self._parameters),
            stage=stage,
            stop=stop,
        )
        self._canvas.refresh(metrics.painting)
        return metrics

    def evaluation_seconds(self) -> float | None:
        """Estimate the seconds of an evaluation; None for a small picture with a fixed evaluation interval."""
        height, width = self._size
        if height * width <= BLOCK and self._recipe.evaluation.interval != "auto":
            return None
        rows = min(max(TRIED_PIXELS // width, 1), height)
        # MS-SSIM needs more rows, and is left out.
        metrics = [name for name in self._recipe.evaluation.metrics if name != "ms_ssim"]
        seconds = 0.0
        # Two passes, as the first one includes imports.
        for _ in range(2):
            before = time.perf_counter()
            evaluate(
                lambda some: self._paint_rows(height, width, some), self._problem.exact[:rows], None, metrics=metrics
            )
            seconds = time.perf_counter() - before
        estimate = seconds * height / rows
        if estimate >= LONG_EVALUATION:
            LOG.info(
                f"{duration(estimate)} to paint all {height * width:,} pixels and compare them at the end of the "
                "training; a smaller --picture.max-side takes less time"
            )
        return estimate

    def snapshot(self, values: Snapshot, guard: Guard) -> PictureSnapshot:
        """Return the snapshot with the functions that paint."""
        self._canvas.count_snapshot()
        return extended(
            values,
            PictureSnapshot,
            size=self._size,
            paint=guard(self._paint),
            canvas=guard(self._read_canvas),
            stats=guard(self._stats),
        )

    def _paint_rows(self, rows: int, columns: int, some: slice) -> NDArray[np.floating]:
        """Return the rows ``some`` of a painting of (rows, columns), (n, columns, C)."""
        coordinates = models.grid(self._recipe.coordinates, rows, columns, some=some)
        return self._engine.outputs(coordinates).reshape(-1, columns, self._problem.picture.shape[2])

    def _paint(self, rows: int, columns: int) -> NDArray[np.floating]:
        block = rows_per_block(columns, self._parameters)
        parts = [self._paint_rows(rows, columns, slice(start, start + block)) for start in range(0, rows, block)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _read_canvas(self, max_side: int | None = None) -> NDArray[np.float32] | None:
        return self._canvas.read(self._paint, max_side)

    def _stats(self) -> NetworkStats | None:
        # Created at the first use, as most of many concurrent networks are never probed.
        self._probe = self._probe or LayerProbe(self._recipe, self._problem.picture, self._model)
        return self._probe.stats(self._engine.weights())
