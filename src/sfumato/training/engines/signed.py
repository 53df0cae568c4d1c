"""An engine around another one, whose network learns targets in [-1, 1], in the units of the picture outside."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.models.targets import SIGNED_SCALE, to_targets, to_values
from sfumato.training.engines.engine import Advance, Arrays, Engine, Task
from sfumato.training.samplers import Sampler


class Signed(Engine):
    """Trains with an engine on signed targets; takes targets, and returns outputs and squared errors, of values.

    Losses are those of the signed targets: the mean squared error of them is four times that of the values.
    """

    name = "signed"

    def __init__(self, task: Task, engine: type[Engine]) -> None:
        """Build the engine for the task's targets, which are in [0, 1]."""
        self._engine = engine(dataclasses.replace(task, targets=to_targets(task.targets, "signed")))
        self.keeps_outputs = self._engine.keeps_outputs

    def advance(
        self, pixels: NDArray[np.int64], rates: NDArray[np.float64], weights: NDArray[np.float32] | None = None
    ) -> Advance:
        """Take the steps, and return sums over their samples."""
        if self.last_outputs is None:
            self._engine.last_outputs = None
        elif self._engine.last_outputs is None:
            self._engine.last_outputs = np.empty_like(self.last_outputs)
        totals = self._engine.advance(pixels, rates, weights)
        if self.last_outputs is not None and self._engine.last_outputs is not None:
            kept = pixels[pixels < len(self.last_outputs)]
            self.last_outputs[kept] = to_values(self._engine.last_outputs[kept], "signed")
        return Advance(totals.loss, totals.squared_error / SIGNED_SCALE**2)

    def outputs(self, coordinates: NDArray[np.float64]) -> NDArray[np.floating]:
        """Return the values of the network's outputs, unclipped, (M, D) -> (M, C)."""
        return to_values(self._engine.outputs(coordinates), "signed")

    def weights(self) -> Arrays:
        """Return copies of the model's current state."""
        return self._engine.weights()

    def set_weights(self, weights: Mapping[str, NDArray[Any]]) -> None:
        """Replace the model's state."""
        self._engine.set_weights(weights)

    def state(self) -> Arrays:
        """Return copies of all state of the engine."""
        return self._engine.state()

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Restore what `state` returned."""
        self._engine.load(state)

    def sampler(self) -> Sampler | None:
        """Return the engine's own sampler, if any."""
        return self._engine.sampler()
