"""The progress of an experiment for callers in Python: a bar in a terminal, a line in a notebook, else nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sfumato.formatting import clock
from sfumato.lab.experiment import Watch, ignore_progress
from sfumato.notebook import live

SECONDS_PER_UPDATE = 0.5
"""Interval between updates of a notebook's line."""

SECONDS_PER_LINE = 10.0
"""Interval between lines that cannot be overwritten."""


@contextmanager
def progress_display(progress: bool | None) -> Iterator[Watch]:
    """Return a context with a progress function. ``progress``: None shows progress in a terminal or notebook only."""
    if progress is False:
        yield ignore_progress
    elif live.shell() is not None:
        yield _Notebook().watch
    elif sys.stderr is not None and sys.stderr.isatty():
        with _bar() as watch:
            yield watch
    else:
        yield _Lines().watch if progress else ignore_progress


@contextmanager
def _bar() -> Iterator[Watch]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("trials"), BarColumn(bar_width=None), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), expand=True, transient=True) as bar:
        task = bar.add_task("trials", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


class _Timed:
    """Progress as a fraction with the time left, at most once every ``seconds``."""

    def __init__(self, seconds: float) -> None:
        self._interval = seconds
        self._start, self._last = time.monotonic(), -seconds
        self._done_before: int | None = None

    def watch(self, done: int, total: int) -> None:
        """Report the progress."""
        now = time.monotonic()
        done_before = self._done_before = done if self._done_before is None else self._done_before
        if done < total and now - self._last < self._interval:
            return
        self._last = now
        left = (now - self._start) * (total - done) / (done - done_before) if done > done_before else float("nan")
        self.say(f"trials {done / max(total, 1):4.0%}  {clock(left)} left")

    def say(self, line: str) -> None:
        """Show the line."""
        raise NotImplementedError


class _Notebook(_Timed):
    def __init__(self) -> None:
        super().__init__(SECONDS_PER_UPDATE)
        self._display = live.Display()

    def say(self, line: str) -> None:
        self._display.show(f"<pre>{line}</pre>", line)


class _Lines(_Timed):
    def __init__(self) -> None:
        super().__init__(SECONDS_PER_LINE)

    def say(self, line: str) -> None:
        sys.stderr.write(line + "\n")
