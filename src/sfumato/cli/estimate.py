"""Before anything long: how long it will take."""

from __future__ import annotations

import time
from collections.abc import Callable

from sfumato.formatting import count, duration
from sfumato.recipe import Budget
from sfumato.training import Snapshot

LONG = 5.0
"""Seconds from which on one is told."""

KNOWN_AFTER = 0.5
"""Seconds of work that tell its pace."""

SLOW = 3.0
"""Seconds after which a first piece must do."""


class TrainingEstimate:
    """Says once what a budget in epochs or steps comes to, as soon as the pace is known."""

    def __init__(self, budget: Budget, say: Callable[[str], None]) -> None:
        self._budget = budget
        self._say = say
        self._first: Snapshot | None = None
        self._before: Snapshot | None = None
        self._told = budget.epochs is None and budget.steps is None

    def training(self, snapshot: Snapshot) -> None:
        """Look at a snapshot."""
        if self._told:
            return
        first = self._first = self._first or snapshot
        before, self._before = self._before, snapshot
        if before is None or snapshot.ended is not None:
            return
        # The first steps warm caches up: the last ones tell the pace, unless they were few and quick.
        since = before if snapshot.seconds - before.seconds >= KNOWN_AFTER / 5 else first
        seconds, done = snapshot.seconds - since.seconds, snapshot.samples - since.samples
        if snapshot.seconds - first.seconds < KNOWN_AFTER or not snapshot.progress:
            return
        self._told = True
        pace = done / seconds
        samples_per_epoch = snapshot.samples / snapshot.epoch
        limits = [] if self._budget.epochs is None else [self._budget.epochs * samples_per_epoch]
        if self._budget.steps is not None:
            limits.append(self._budget.steps * snapshot.samples / snapshot.step)
        whole = (min(limits) - first.samples) / pace
        limit = self._budget.seconds
        if whole < LONG or (limit is not None and limit - first.seconds < whole):
            return
        rest = "the other " if first.step else ""
        what = f"{limits[0] / samples_per_epoch - first.epoch:,.4g} epochs"
        if self._budget.steps is not None and min(limits) == limits[-1]:
            what = f"{self._budget.steps - first.step:,} steps"
        unless = "" if self._budget.psnr is None else ", unless the painting is good enough before"
        self._say(f"{duration(whole)} for {rest}{what} at {count(pace)} samples/s{unless}")


class StageEstimate:
    """Says once a stage how long it will take, from its first pieces."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._name: str | None = None
        self._before = self._since = time.monotonic()
        self._already = 0
        self._done: dict[str, int] = {}
        self._told: set[str] = set()

    def other_work(self) -> None:
        """Something else has taken the time until now."""
        self._before = time.monotonic()

    def stage(self, name: str, done: int, total: int) -> None:
        """``done`` of ``total`` of whatever it consists of."""
        now, earlier = time.monotonic(), self._done.get(name, 0)
        if name != self._name:
            self._name = name
            # The first piece loads and warms up, so that the others tell the pace; but they are not waited for long.
            waited = now - self._before >= SLOW
            self._since, self._already = (self._before, earlier) if waited else (now, done)
        self._before, self._done[name] = now, done
        elapsed = now - self._since
        if name in self._told or done <= self._already or elapsed < KNOWN_AFTER:
            return
        self._told.add(name)
        left = elapsed * (total - done) / (done - self._already)
        if left >= LONG:
            self._say(f"{duration(left)} for the {name}")
