"""What looking at a training costs it: evaluations, frames, saved moments, checkpoints, and what people watch."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, get_args

Purpose = Literal["evaluation", "frame", "figures", "moment", "checkpoint", "watching"]

EVALUATIONS = 0.04
"""Part of the training time that evaluations, and the frames that come of them, may cost when they are ``auto``."""
FIGURES = 0.01
"""The figures of every layer, which are taken at evaluations."""
MOMENTS = 0.03
CHECKPOINTS = 0.005
WATCHING = 0.015
"""Together a tenth."""
LIVE = 0.04
"""The live view of those who watch a run through its folder."""


class Looking:
    """An account of seconds. Who is about to look asks first whether it is affordable; nobody is kept from looking.

    What every run pays, whatever its length, is kept apart: what happens before the first step and after the last.
    """

    def __init__(self) -> None:
        self.seconds: dict[Purpose, float] = dict.fromkeys(get_args(Purpose), 0.0)
        """Between the first step and the last, by purpose."""
        self.first_and_last = 0.0
        self.training = 0.0
        """Seconds of training so far, since it was begun or last resumed."""
        self.ahead = 0.0
        """Seconds of training that are still to come, as far as they can be told."""
        self.between = False
        """Whether the first step has been taken, and the last has not."""
        self._least: dict[Purpose, float] = {}

    @contextmanager
    def at(self, purpose: Purpose) -> Iterator[None]:
        """Count the time that the block takes."""
        before = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - before
            self.expect(purpose, spent)
            if self.between:
                self.seconds[purpose] += spent
            else:
                self.first_and_last += spent

    def expect(self, purpose: Purpose, seconds: float) -> None:
        """Know that it can be had for so little. A single hiccup of the disk must not put an end to looking."""
        self._least[purpose] = min(seconds, self._least.get(purpose, math.inf))

    def affords(self, share: float, *purposes: Purpose) -> bool:
        """Whether these, once more, would still have cost no more than this share of the training so far."""
        return self._spent(*purposes) <= share * self.training

    def affords_early(self, share: float, *purposes: Purpose) -> bool:
        """The same for what is wanted most at first, as `early` lets it spend."""
        return self._spent(*purposes) <= self.early(share)

    def early(self, share: float) -> float:
        """Seconds that may be spent so far where much is wanted at first, in the end no more than the share.

        They grow with the root of the training done, as long as that is at most twice the share of it.
        """
        whole = math.sqrt(self.training * (self.training + self.ahead))
        return share * min(whole, 2 * self.training)

    def _spent(self, *purposes: Purpose) -> float:
        return sum(self.seconds[each] + self._least.get(each, 0.0) for each in purposes)

    def facts(self) -> dict[str, Any]:
        """For run.json: seconds by purpose, and all of them as a share of the training time (None before any)."""
        total = sum(self.seconds.values())
        return {
            "share_of_training_time": total / self.training if self.training else None,
            **{f"{purpose}_seconds": seconds for purpose, seconds in self.seconds.items()},
            "first_and_last_seconds": self.first_and_last,
        }
