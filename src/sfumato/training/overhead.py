"""The budget for what instrumentation costs a training: evaluations, files, displays, loggers."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

EVALUATION = "evaluation"
"""The account of the training's own evaluations."""

EVALUATIONS = 0.04
"""Share of the training time for evaluations, and for what is written of each, when they are ``auto``."""


@dataclass(frozen=True)
class Overhead:
    """What an observer may cost."""

    share: float
    """Of the training time; infinite: whatever it takes."""
    frontloaded: bool = False
    """Whether more may be spent early, when most changes: see `OverheadBudget.frontloaded`."""
    with_evaluations: bool = False
    """Whether it is due at evaluations alone: then these are made as rarely as both together can afford."""

    @classmethod
    def unlimited(cls, *, with_evaluations: bool = False) -> Overhead:
        """Return the overhead of what is never left out, whatever it costs."""
        return cls(math.inf, with_evaluations=with_evaluations)


class OverheadBudget:
    """Seconds by account. An account is asked about before it is used; nothing is refused.

    What every run pays, whatever its length, is kept apart: what happens before the first step and after the last.
    """

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        """Between the first step and the last, by account."""
        self.first_and_last = 0.0
        self.training = 0.0
        """Seconds of training so far, since it was begun or last resumed."""
        self.remaining = 0.0
        """Seconds of training that are still to come, as far as they can be told."""
        self.under_way = False
        """Whether the first step has been taken, and the last has not."""
        self.evaluation_accounts: list[str] = [EVALUATION]
        """The accounts that every evaluation uses."""
        self._least: dict[str, float] = {}
        self._nested: list[float] = []

    @contextmanager
    def measure(self, account: str) -> Iterator[None]:
        """Count the time that the block takes, without that of blocks inside it."""
        before = time.perf_counter()
        self._nested.append(0.0)
        try:
            yield
        finally:
            whole = time.perf_counter() - before
            spent = whole - self._nested.pop()
            if self._nested:
                self._nested[-1] += whole
            self.expect(account, spent)
            if self.under_way:
                self.seconds[account] += spent
            else:
                self.first_and_last += spent

    def expect(self, account: str, seconds: float) -> None:
        """Note that one use can cost so little. A single hiccup of the disk must not put an end to all others."""
        self._least[account] = min(seconds, self._least.get(account, math.inf))

    def can_afford(self, overhead: Overhead, account: str) -> bool:
        """Whether one more use of the account would stay inside its overhead."""
        allowed = self.frontloaded(overhead.share) if overhead.frontloaded else overhead.share * self.training
        return math.isinf(overhead.share) or self._with_one_more(account) <= allowed

    def can_afford_evaluation(self) -> bool:
        """Whether one more evaluation, with all that is written of it, would stay inside `EVALUATIONS`."""
        return self._with_one_more(*self.evaluation_accounts) <= EVALUATIONS * self.training

    def frontloaded(self, share: float) -> float:
        """Return the seconds that may be spent so far where most is wanted at first; in the end the share, no more.

        They grow with the root of the training done, as long as that is at most twice the share of it.
        """
        root = math.sqrt(self.training * (self.training + self.remaining))
        return share * min(root, 2 * self.training)

    def left(self, overhead: Overhead, account: str) -> float:
        """Return the seconds that a frontloaded account may spend now."""
        return self.frontloaded(overhead.share) - self.seconds[account]

    def _with_one_more(self, *accounts: str) -> float:
        return sum(self.seconds[each] + self._least.get(each, 0.0) for each in accounts)

    def facts(self) -> dict[str, Any]:
        """For run.json: seconds by account, and all of them as a share of the training time (None before any)."""
        total = sum(self.seconds.values())
        return {
            "share_of_training_time": total / self.training if self.training else None,
            "seconds": {account: seconds for account, seconds in self.seconds.items() if seconds},
            "first_and_last_seconds": self.first_and_last,
        }
