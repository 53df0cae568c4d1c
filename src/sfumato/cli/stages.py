"""Progress of work other than training, on stderr: a bar with the time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import math
import time
from datetime import timedelta
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from sfumato.cli.estimate import StageEstimate
from sfumato.cli.progress import SECONDS_PER_LINE


class StagesProgress:
    """A context manager that shows one bar per stage; call `stage` as the work proceeds."""

    def __init__(self, *, refreshes_per_second: float = 10) -> None:
        """refreshes_per_second: of the bar; each takes one or two milliseconds from work that is measured meanwhile."""
        self._console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description:<9}", markup=False),
            BarColumn(bar_width=None),
            TaskProgressColumn(),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=self._console,
            disable=not self._console.is_terminal,
            expand=True,
            refresh_per_second=refreshes_per_second,
        )
        self._estimate = StageEstimate(self.say)
        self._name: str | None = None
        self._task = TaskID(0)
        self._started = self._last_line = time.monotonic()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def stage(self, name: str, done: int, total: int) -> None:
        """Show that ``done`` of the stage's ``total`` items are done."""
        self._estimate.stage(name, done, total)
        now = time.monotonic()
        if name != self._name:
            self._name = name
            self._task = self._bar.add_task(name, total=total)
            self._started, self._last_line = now, -math.inf
        self._bar.update(self._task, completed=done, total=total)
        if self._console.is_terminal or not (done == total or now - self._last_line >= SECONDS_PER_LINE):
            return
        self._last_line = now
        left = timedelta(seconds=round((now - self._started) * (total - done) / max(done, 1)))
        # The start of the first item is unknown, so the time left cannot be estimated at the first call.
        line = f"{name} {done / total:4.0%}" + (f"  {left} left" if now > self._started else "")
        self.say(line)

    def say(self, text: str) -> None:
        """Print a line, above the bar if there is one."""
        self._console.print(Text(text), soft_wrap=True)
