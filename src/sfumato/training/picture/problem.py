"""A picture as a problem: coordinates of its pixels to their colors."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from torch import nn

from sfumato import images, models
from sfumato.formatting import duration
from sfumato.log import LOG
from sfumato.recipe import Recipe
from sfumato.training.engines import Engine, Shared
from sfumato.training.health.layer_probe import LayerProbe
from sfumato.training.health.network_stats import NetworkStats
from sfumato.training.picture.canvas import Canvas
from sfumato.training.picture.evaluation import BLOCK, PictureMetrics, evaluate, rows_per_block
from sfumato.training.picture.held_out import held_out
from sfumato.training.picture.snapshot import PictureSnapshot
from sfumato.training.problem import Guard, Monitor, Problem, Stage
from sfumato.training.snapshot import Snapshot, extended

TRIED_PIXELS = 4096
"""Before the first step so many pixels are painted and compared, to know what an evaluation will cost."""

LONG_EVALUATION = 10.0
"""Seconds that an evaluation will take from which on the user is told before the first step."""


class PictureProblem(Problem[PictureSnapshot]):
    """Every pixel that is not held out is a sample."""

    def __init__(self, recipe: Recipe, picture: NDArray[np.float32], shared: Shared | None = None) -> None:
        """``recipe`` resolved; ``picture`` (H, W, C), at most so exact as float32.

        ``shared``: one and the same for networks that are trained side by side.
        """
        height, width, channels = picture.shape
        self.picture = picture
        self.exact = (shared or Shared()).intern(images.exact(picture))
        """(H, W, C) in float64."""
        self.held_out = held_out(recipe, height, width)
        """(H, W) mask of the pixels that are not trained on, or None."""
        self.inputs = models.grid(recipe.coordinates, height, width)
        self.targets = self.exact.reshape(-1, channels)
        if self.held_out is not None:
            trained = ~self.held_out.reshape(-1)
            self.inputs, self.targets = self.inputs[trained], self.targets[trained]

    def network(self, recipe: Recipe) -> nn.Module:
        """As `Problem.network`."""
        channels, dtype = self.targets.shape[1], models.DTYPES[recipe.dtype]
        return models.build(recipe.model, channels, recipe.seed, dtype, recipe.coordinates)

    def monitor(self, recipe: Recipe, engine: Engine, model: nn.Module) -> Monitor[PictureSnapshot]:
        """As `Problem.monitor`."""
        return PictureMonitor(self, recipe, engine, model)


class PictureMonitor(Monitor[PictureSnapshot]):
    """Paints with one network, and compares with the picture."""

    def __init__(self, problem: PictureProblem, recipe: Recipe, engine: Engine, model: nn.Module) -> None:
        self._problem, self._recipe, self._engine, self._model = problem, recipe, engine, model
        self._parameters = sum(each.numel() for each in model.parameters())
        self._size = problem.picture.shape[:2]
        mask = problem.held_out
        self._canvas = Canvas(engine, self._size, None if mask is None else ~mask)
        self._probe: LayerProbe | None = None

    def evaluate(self, stage: Stage, stop: Callable[[], bool]) -> PictureMetrics:
        """As `Monitor.evaluate`."""
        height, width = self._size
        metrics = evaluate(
            lambda some: self._rows(height, width, some),
            self._problem.exact,
            self._problem.held_out,
            block=rows_per_block(width, self._parameters),
            stage=stage,
            stop=stop,
        )
        self._canvas.refresh(metrics.painting)
        return metrics

    def evaluation_seconds(self) -> float | None:
        """As `Monitor.evaluation_seconds`."""
        height, width = self._size
        if height * width <= BLOCK and self._recipe.evaluation.interval != "auto":
            return None
        rows = min(max(TRIED_PIXELS // width, 1), height)
        seconds = 0.0
        # Twice: the first time imports what comparing needs.
        for _ in range(2):
            before = time.perf_counter()
            evaluate(lambda some: self._rows(height, width, some), self._problem.exact[:rows], None)
            seconds = time.perf_counter() - before
        whole = seconds * height / rows
        if whole >= LONG_EVALUATION:
            LOG.info(
                f"{duration(whole)} to paint all {height * width:,} pixels and compare them, once training has ended; "
                "a smaller --picture.max-side takes less"
            )
        return whole

    def snapshot(self, values: Snapshot, guard: Guard) -> PictureSnapshot:
        """As `Monitor.snapshot`."""
        self._canvas.passed()
        return extended(
            values,
            PictureSnapshot,
            size=self._size,
            paint=guard(self._paint),
            canvas=guard(self._look),
            stats=guard(self._stats),
        )

    def _rows(self, rows: int, columns: int, some: slice) -> NDArray[np.floating]:
        """Some rows of a painting of so many, (n, columns, C)."""
        coordinates = models.grid(self._recipe.coordinates, rows, columns, some=some)
        return self._engine.outputs(coordinates).reshape(-1, columns, self._problem.picture.shape[2])

    def _paint(self, rows: int, columns: int) -> NDArray[np.floating]:
        block = rows_per_block(columns, self._parameters)
        parts = [self._rows(rows, columns, slice(start, start + block)) for start in range(0, rows, block)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _look(self, longest: int | None = None) -> NDArray[np.float32] | None:
        return self._canvas.look(self._paint, longest)

    def _stats(self) -> NetworkStats | None:
        # Made when it is first asked for: most of many networks are never looked into.
        self._probe = self._probe or LayerProbe(self._recipe, self._problem.picture, self._model)
        return self._probe.stats(self._engine.weights())
