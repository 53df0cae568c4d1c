"""Importance sampling by the error: pixels that are far off are drawn more often, and count as much less.

A sample i of N is drawn with probability p_i = (1 - u) |e_i|^a / sum_j |e_j|^a + u / N, independently of the others,
and its loss has the weight 1 / (N p_i): the expected gradient of a step is that of the mean loss, whatever p is. e_i
is the norm of the sample's error over its channels; for the loss `mse` that of its derivative by the outputs, which
bounds the norm of its gradient up to a constant and so makes probabilities of little variance (Katharopoulos and
Fleuret 2018, arXiv 1803.00942). The uniform part u keeps weights below 1 / u, also where errors are out of date.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.recipe import choices
from sfumato.rng import rng_for
from sfumato.training.samplers.sampler import Context, Draws, Sampler


class ErrorProportionalSampler(Sampler):
    """A sampler that evaluates all errors at an interval of epochs, in a third of the time of an epoch's training."""

    def __init__(self, choice: choices.ErrorProportional, context: Context) -> None:
        self._choice, self._context = choice, context
        self._next = 0
        self._probabilities = np.empty(0)

    def epoch(self) -> Draws:
        """Return as many draws as there are samples, with their weights."""
        if self._next % self._choice.interval == 0:
            self._probabilities = probabilities(self._choice, self._context.errors())
        p, samples = self._probabilities, self._context.samples
        cumulative = np.cumsum(p)
        # The last sum stands for 1; a draw that is rounded up to it belongs to the last sample.
        draws = rng_for(self._context.seed, f"order/{self._next}").random(samples) * cumulative[-1]
        indices = np.minimum(np.searchsorted(cumulative, draws, side="right"), samples - 1)
        self._next += 1
        return Draws(indices, (1 / (samples * p[indices])).astype(np.float32))

    def state(self) -> dict[str, NDArray[Any]]:
        """Return the number of the next epoch, and the probabilities if it still uses them."""
        due = self._next % self._choice.interval == 0
        return {"next": np.array(self._next), **({} if due else {"probabilities": self._probabilities.copy()})}

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Restore what `state` returned. Raise ValueError if the probabilities are not those of all samples."""
        self._next = int(state["next"])
        if self._next % self._choice.interval == 0:
            return
        p = state["probabilities"].astype(np.float64)
        if p.shape != (self._context.samples,) or not np.all(p > 0) or not np.isclose(p.sum(), 1):
            raise ValueError(f"probabilities must be {self._context.samples} positive numbers with the sum 1")
        self._probabilities = p


def probabilities(choice: choices.ErrorProportional, errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probabilities (N,) of samples with these errors (N, C)."""
    samples = len(errors)
    # A diverged network has errors that are not finite.
    with np.errstate(all="ignore"):
        # Scaled by the largest, so that no power overflows.
        sizes = np.linalg.norm(errors / np.abs(errors).max(), axis=1) ** choice.power
        total = sizes.sum()
    if not np.isfinite(total) or total == 0:
        return np.full(samples, 1 / samples)
    return (1 - choice.uniform) * sizes / total + choice.uniform / samples


IMPLEMENTATION = ErrorProportionalSampler
