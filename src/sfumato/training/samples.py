"""The simplest problem: inputs and targets to train on, and others to evaluate on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from torch import nn

from sfumato import images
from sfumato.errors import EngineError
from sfumato.recipe import Recipe
from sfumato.training.engines import Engine
from sfumato.training.grid import Grid
from sfumato.training.problem import Guard, Monitor, Problem, Stage
from sfumato.training.snapshot import Metrics, Snapshot


class Samples(Problem[Snapshot]):
    """A problem of given samples: trained on inputs and targets, evaluated on ``validation``, by default the same."""

    def __init__(
        self,
        inputs: NDArray[np.float64],
        targets: NDArray[np.float64],
        validation: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
        grid: Grid | None = None,
    ) -> None:
        """Take (N, D) ``inputs`` and (N, C) ``targets``; ``validation``: inputs and targets of other samples.

        ``grid``: the arrangement of the samples in a plane, if they have one.
        """
        self.inputs, self.targets = inputs, targets
        self.validation = validation or (inputs, targets)
        self._grid = grid

    @property
    def grid(self) -> Grid:
        """The given arrangement of the samples, or a line."""
        return self._grid or super().grid

    def network(self, recipe: Recipe) -> nn.Module:
        """Raise EngineError: the caller must pass a model."""
        raise EngineError("a Trainer of samples must be given a model. Got none; pass Trainer(recipe, problem, model).")

    def metrics(self, outputs: NDArray[np.floating], targets: NDArray[np.float64]) -> Metrics:
        """Compare (M, C) outputs with their targets."""
        with np.errstate(over="ignore", invalid="ignore"):
            mse = float(np.mean((outputs - targets) ** 2, dtype=np.float64))
        return Metrics(mse=mse, psnr=images.psnr(mse))

    def monitor(self, recipe: Recipe, engine: Engine, model: nn.Module) -> Monitor[Snapshot]:
        """Return a monitor that evaluates on the validation samples."""
        return SamplesMonitor(self, engine)


class SamplesMonitor(Monitor[Snapshot]):
    """Evaluation on all validation samples at once."""

    def __init__(self, problem: Samples, engine: Engine) -> None:
        self._problem, self._engine = problem, engine

    def evaluate(self, stage: Stage, stop: Callable[[], bool]) -> Metrics:
        """Compare the network's outputs with the validation targets."""
        inputs, targets = self._problem.validation
        return self._problem.metrics(self._engine.outputs(inputs), targets)

    def snapshot(self, values: Snapshot, guard: Guard) -> Snapshot:
        """Return the snapshot unchanged."""
        return values
