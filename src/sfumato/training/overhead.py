"""Budget for the overhead of instrumentation: evaluations, files, displays, loggers."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

EVALUATION = "evaluation"
"""Name of the account of the trainer's evaluations."""

EVALUATION_SHARE = 0.04
"""Share of the training time for evaluations, and for the files written at each, if their interval is ``auto``."""


@dataclass(frozen=True)
class Overhead:
    """The training time that an observer may take."""

    share: float
    """Share of the training time; infinite if unlimited."""
    frontloaded: bool = False
    """Whether more of the share may be spent early, when most changes, by `OverheadBudget.frontloaded`."""
    with_evaluations: bool = False
    """Whether the observer is only due at evaluations; they are then made less often, as both share one budget."""

    @classmethod
    def unlimited(cls, *, with_evaluations: bool = False) -> Overhead:
        """Return the overhead of an observer that is never left out."""
        return cls(math.inf, with_evaluations=with_evaluations)


class OverheadBudget:
    """Seconds spent, by account. Callers check an account before they use it; the budget itself refuses nothing.

    Seconds before the first step and after the last, which every run takes whatever its length, are counted separately.
    """

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        """Seconds between the first step and the last, by account."""
        self.first_and_last = 0.0
        """Seconds before the first step and after the last."""
        self.training = 0.0
        """Seconds of training so far, since it was started or last resumed."""
        self.remaining = 0.0
        """Estimated remaining seconds of training."""
        self.under_way = False
        """Whether the training is between its first step and its last."""
        self.evaluation_accounts: list[str] = [EVALUATION]
        """The accounts that are charged at every evaluation."""
        self._min_seconds: dict[str, float] = {}
        self._nested: list[float] = []

    @contextmanager
    def measure(self, account: str) -> Iterator[None]:
        """Charge the account with the time of the block, without that of nested blocks."""
        before = time.perf_counter()
        self._nested.append(0.0)
        try:
            yield
        finally:
            elapsed = time.perf_counter() - before
            spent = elapsed - self._nested.pop()
            if self._nested:
                self._nested[-1] += elapsed
            self.expect(account, spent)
            if self.under_way:
                self.seconds[account] += spent
            else:
                self.first_and_last += spent

    def expect(self, account: str, seconds: float) -> None:
        """Record the cost of one use. The minimum counts, as a single slow write must not prevent all later ones."""
        self._min_seconds[account] = min(seconds, self._min_seconds.get(account, math.inf))

    def can_afford(self, overhead: Overhead, account: str) -> bool:
        """Return whether one more use of the account would stay within its overhead."""
        allowed = self.frontloaded(overhead.share) if overhead.frontloaded else overhead.share * self.training
        return math.isinf(overhead.share) or self._spent_after_one_more(account) <= allowed

    def can_afford_evaluation(self) -> bool:
        """Return whether one more evaluation, with the files written at it, would stay within `EVALUATION_SHARE`."""
        return self._spent_after_one_more(*self.evaluation_accounts) <= EVALUATION_SHARE * self.training

    def frontloaded(self, share: float) -> float:
        """Return the seconds that a frontloaded account may have spent so far; at the end, the share and no more.

        They grow with the square root of the training time, but are at most twice the share of it.
        """
        root = math.sqrt(self.training * (self.training + self.remaining))
        return share * min(root, 2 * self.training)

    def left(self, overhead: Overhead, account: str) -> float:
        """Return the seconds that a frontloaded account has left to spend now."""
        return self.frontloaded(overhead.share) - self.seconds[account]

    def _spent_after_one_more(self, *accounts: str) -> float:
        return sum(self.seconds[each] + self._min_seconds.get(each, 0.0) for each in accounts)

    def facts(self) -> dict[str, Any]:
        """Return data for run.json: seconds by account, and their share of the training time (None before a step)."""
        total = sum(self.seconds.values())
        return {
            "share_of_training_time": total / self.training if self.training else None,
            "seconds": {account: seconds for account, seconds in self.seconds.items() if seconds},
            "first_and_last_seconds": self.first_and_last,
        }
