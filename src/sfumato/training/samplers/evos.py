"""EVOS: training on the pixels of the largest errors and some others (Zhang et al. 2025, arXiv 2412.10153).

The selection, after the paper and the authors' code (github.com/zwx-open/EVOS-INR, commit 23487ea):

- Sparse fitness evaluation: the errors of all samples are computed at intervals of passes, which shrink linearly from
  `interval` to `end_interval` over the budget. Such a pass trains on all samples, the others on `ratio` of them.
- Frequency-guided crossover: of the samples selected by error, those are certain that are among the largest both by
  their squared error and by the squared Laplacian of the error, times `laplacian`. The remaining places are divided
  between the two lists in the proportion of the two means.
- Augmented unbiased mutation: `mutation` of the trained samples are drawn from those that were not selected, with equal
  probability, anew in every pass. In spite of the name gradients are biased towards large errors: there are no weights.

A pass is an iteration of the paper with a full batch (`batch=all`), and is divided into steps otherwise, in random
order. Different here: errors are computed before the pass that trains on all samples, not by it, which costs a third of
this pass; intervals are counted from the last evaluation, where the code tests whether the iteration's number modulo
the shrinking interval is 1; the Laplacian is averaged over channels and leaves out neighbors beyond the border and
held-out ones (the code's is not in its repository); the fraction of trained samples is constant (the paper also has
one that grows by steps); and the paper's cross-frequency supervision, an additional loss, is not included: this is its
"EVOS (w/o CFS)".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.recipe import choices
from sfumato.rng import rng_for
from sfumato.training.grid import Grid
from sfumato.training.samplers.sampler import Context, Draws, Sampler


class EVOSSampler(Sampler):
    """A sampler that keeps a ranking of the samples from one evaluation of all errors to the next."""

    def __init__(self, choice: choices.EVOS, context: Context) -> None:
        self._choice, self._context = choice, context
        trained = int(choice.ratio * context.samples)
        self._mutated = int(choice.mutation * choice.ratio * context.samples)
        self._selected = max(trained, 1) - self._mutated
        self._next, self._evaluated = 0, 0
        self._ranking: NDArray[np.int64] | None = None

    def epoch(self) -> Draws:
        """Return the samples of a pass: all of them if their errors are evaluated."""
        number, self._next = self._next, self._next + 1
        random = rng_for(self._context.seed, f"order/{number}")
        if self._ranking is None or number - self._evaluated >= self._interval():
            self._ranking = ranked(self._choice, self._context.grid, self._context.errors(), self._selected)
            self._evaluated = number
            return Draws(random.permutation(self._context.samples))
        others, selected = np.split(self._ranking, [self._context.samples - self._selected])
        mutated = random.choice(others, self._mutated, replace=False, shuffle=False)
        return Draws(random.permutation(np.concatenate([selected, mutated])))

    def _interval(self) -> int:
        choice = self._choice
        return int(choice.interval + (choice.end_interval - choice.interval) * self._context.progress())

    def state(self) -> dict[str, NDArray[Any]]:
        """Return the number of the next pass, that of the last evaluation, and its ranking."""
        state = {"next": np.array(self._next), "evaluated": np.array(self._evaluated)}
        return state if self._ranking is None else state | {"ranking": self._ranking.copy()}

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Restore what `state` returned. Raise ValueError if the ranking is not one of all samples."""
        self._next, self._evaluated = int(state["next"]), int(state["evaluated"])
        self._ranking = None
        if self._next > 0:
            ranking = state["ranking"].astype(np.int64)
            if not np.array_equal(np.sort(ranking), np.arange(self._context.samples)):
                raise ValueError(f"ranking must hold each sample from 0 to {self._context.samples - 1} once")
            self._ranking = ranking


def ranked(choice: choices.EVOS, grid: Grid, errors: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Return all samples (N,), of which the last ``count`` are selected, for errors (N, C)."""
    with np.errstate(over="ignore", invalid="ignore"):
        low = np.square(errors).mean(axis=1)
        high = choice.laplacian * np.square(grid.laplacian(errors)).mean(axis=1)
    by_low, by_high = (np.argsort(each, kind="stable") for each in (low, high))
    first = len(low) - count
    low_selected, high_selected = by_low[first:], by_high[first:]
    both = np.isin(low_selected, high_selected)
    low_only = low_selected[~both]
    high_only = high_selected[~np.isin(high_selected, low_selected)]
    total = low.mean() + high.mean()
    share = low.mean() / total if total > 0 and np.isfinite(total) else 1.0
    from_low = int(len(low_only) * share)
    selected = np.concatenate([high_only[from_low:], low_only[len(low_only) - from_low :], low_selected[both]])
    return np.concatenate([by_low[~np.isin(by_low, selected)], selected])


IMPLEMENTATION = EVOSSampler
