"""Averages of the weights, around any engine.

Kingma and Ba 2015, "Adam: A Method for Stochastic Optimization", section 7.2: the exponential moving average of the
weights after steps 1 to t, divided by 1 - decay^t, because it starts at 0. With an interval of k steps only every k-th
step counts, and the decay of an update is decay^k.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.recipe import choices
from sfumato.training.engines.engine import Advance, Arrays, Engine
from sfumato.training.samplers import Sampler

_AVERAGE = "average/"


class Averaged(Engine):
    """An engine whose outputs and weights are those of the average, while its training goes on from its own weights.

    Until the first update of the average they are the engine's own. Entries of the state that are not floating-point
    numbers, such as counters, are never averaged.
    """

    name = "averaged"
    keeps_outputs = False

    def __init__(self, engine: Engine, choice: choices.EMA, batch: int) -> None:  # pyright: ignore[reportMissingSuperCall]
        """Average the weights of ``engine``, each of whose steps takes ``batch`` samples."""
        self._engine = engine
        self._choice = choice
        self._batch = batch
        self._step = 0
        self._average: Arrays = {}

    def advance(
        self, pixels: NDArray[np.int64], rates: NDArray[np.float64], weights: NDArray[np.float32] | None = None
    ) -> Advance:
        """Take ``len(rates)`` steps, and return sums over their samples."""
        loss = squared_error = 0.0
        taken, interval = 0, self._choice.interval
        while taken < len(rates):
            count = min(interval - self._step % interval, len(rates) - taken)
            some = slice(taken * self._batch, (taken + count) * self._batch)
            factors = None if weights is None else weights[some]
            sums = self._engine.advance(pixels[some], rates[taken : taken + count], factors)
            loss, squared_error = loss + sums.loss, squared_error + sums.squared_error
            self._step += count
            taken += count
            if self._step % interval == 0:
                self._update()
        return Advance(loss, squared_error)

    def _update(self) -> None:
        weights, decay = self._engine.weights(), self._choice.decay**self._choice.interval
        # The mean of (1 - decay) decay^(t - i) / (1 - decay^t) times the weights after update i, as a recurrence.
        share = (1 - decay) / (1 - decay ** (self._step // self._choice.interval))
        for name, values in weights.items():
            average = self._average.get(name)
            if average is None or values.dtype.kind != "f":
                self._average[name] = values
            else:
                average += share * (values - average)

    def outputs(self, coordinates: NDArray[np.float64]) -> NDArray[np.floating]:
        """Return the unclipped outputs with the averaged weights, (M, D) -> (M, C)."""
        if not self._average:
            return self._engine.outputs(coordinates)
        trained = self._engine.state()
        self._engine.set_weights(self._average)
        try:
            return self._engine.outputs(coordinates)
        finally:
            self._engine.load(trained)

    def weights(self) -> Arrays:
        """Return copies of the averaged weights, by the names of the model's ``state_dict``."""
        return {name: values.copy() for name, values in self._average.items()} or self._engine.weights()

    def set_weights(self, weights: Mapping[str, NDArray[Any]]) -> None:
        """Replace the weights that are trained; the average stays."""
        self._engine.set_weights(weights)

    def set_final_weights(self, weights: Mapping[str, NDArray[Any]]) -> None:
        """Replace the average, or the engine's own weights if there is none yet."""
        if self._average:
            self._average = {name: values.copy() for name, values in weights.items()}
        else:
            self._engine.set_weights(weights)

    def state(self) -> Arrays:
        """Return copies of the engine's own state, of the average, and of the number of steps."""
        average = {f"{_AVERAGE}{name}": values.copy() for name, values in self._average.items()}
        return self._engine.state() | average | {"averaged_steps": np.array(self._step)}

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Restore what `state` returned."""
        self._step = int(state["averaged_steps"])
        self._average = {
            name.removeprefix(_AVERAGE): values.copy() for name, values in state.items() if name.startswith(_AVERAGE)
        }
        self._engine.load({name: values for name, values in state.items() if not name.startswith(_AVERAGE)})

    def sampler(self) -> Sampler | None:
        """Return the engine's own sampler, or None if it has none."""
        return self._engine.sampler()


def ema(engine: Engine, choice: choices.EMA, batch: int) -> Engine:
    """Return an engine with the average m / (1 - decay^t) of another's weights w: m = decay * m + (1 - decay) * w."""
    return Averaged(engine, choice, batch)


def none(engine: Engine, *_: object) -> Engine:
    """Return the engine itself."""
    return engine
