"""Estimates of how long training and other work will take."""

from __future__ import annotations

import time
from collections.abc import Callable

from sfumato.formatting import count, duration
from sfumato.recipe import Budget
from sfumato.training import Snapshot

LONG = 5.0
"""Shortest duration in seconds that is worth an estimate."""

MEASURED_SECONDS = 0.5
"""Seconds of work from which its rate can be measured."""

MEASURED_STAGE_SECONDS = 2.0
"""The same for a stage of other work, whose first items load libraries and differ in cost."""

SLOW_FIRST_ITEM = 3.0
"""Seconds from which on the first item of a stage is included in the measurement of its rate."""


class TrainingEstimate:
    """An estimate of the duration of a budget in epochs or steps, reported once, as soon as the rate is known."""

    def __init__(self, budget: Budget, say: Callable[[str], None]) -> None:
        self._budget = budget
        self._say = say
        self._first: Snapshot | None = None
        self._before: Snapshot | None = None
        self._reported = budget.epochs is None and budget.steps is None

    def update(self, snapshot: Snapshot) -> None:
        """Take a snapshot into account; report the estimate if it can be made now."""
        if self._reported:
            return
        first = self._first = self._first or snapshot
        before, self._before = self._before, snapshot
        if before is None or snapshot.ended is not None:
            return
        # The first steps warm up caches, so the rate is that of the last steps, unless these took too little time.
        since = before if snapshot.seconds - before.seconds >= MEASURED_SECONDS / 5 else first
        seconds, done = snapshot.seconds - since.seconds, snapshot.samples - since.samples
        if snapshot.seconds - first.seconds < MEASURED_SECONDS or not snapshot.progress:
            return
        self._reported = True
        samples_per_second = done / seconds
        samples_per_epoch = snapshot.samples / snapshot.epoch
        limits = [] if self._budget.epochs is None else [self._budget.epochs * samples_per_epoch]
        if self._budget.steps is not None:
            limits.append(self._budget.steps * snapshot.samples / snapshot.step)
        total_seconds = (min(limits) - first.samples) / samples_per_second
        limit = self._budget.seconds
        if total_seconds < LONG or (limit is not None and limit - first.seconds < total_seconds):
            return
        remaining = "the remaining " if first.step else ""
        budget = f"{limits[0] / samples_per_epoch - first.epoch:,.4g} epochs"
        if self._budget.steps is not None and min(limits) == limits[-1]:
            budget = f"{self._budget.steps - first.step:,} steps"
        unless = "" if self._budget.psnr is None else ", unless the PSNR is reached before"
        self._say(f"{duration(total_seconds)} for {remaining}{budget} at {count(samples_per_second)} samples/s{unless}")


class StageEstimate:
    """An estimate of the duration of each stage, reported once, from its first items."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._name: str | None = None
        self._last_call = self._since = time.monotonic()
        self._done_at_start = 0
        self._done: dict[str, int] = {}
        self._reported: set[str] = set()

    def other_work(self) -> None:
        """Note that the time until now was spent on other work."""
        self._last_call = time.monotonic()

    def stage(self, name: str, done: int, total: int) -> None:
        """Note that ``done`` of the stage's ``total`` items are done; report the estimate if it can be made now."""
        now, done_before = time.monotonic(), self._done.get(name, 0)
        if name != self._name:
            self._name = name
            # The first item includes loading and warming up; it counts only if it was very slow.
            slow = now - self._last_call >= SLOW_FIRST_ITEM
            self._since, self._done_at_start = (self._last_call, done_before) if slow else (now, done)
        self._last_call, self._done[name] = now, done
        elapsed = now - self._since
        if name in self._reported or done <= self._done_at_start or elapsed < MEASURED_STAGE_SECONDS:
            return
        self._reported.add(name)
        left = elapsed * (total - done) / (done - self._done_at_start)
        if left >= LONG:
            self._say(f"{duration(left)} for the {name}")
