"""Progress: a bar on a terminal, plain lines elsewhere; on stderr, so that stdout holds the result alone."""

from __future__ import annotations

import math
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from sfumato.training import Snapshot

SECONDS_A_LINE = 5.0


class PaintProgress:
    """Shows epoch, PSNR, samples a second, elapsed and remaining time. A context manager; call it with snapshots."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        columns = (
            TextColumn("{task.description:<9}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[figures]}"),
        )
        self._bar = Progress(*columns, console=self._console, disable=not self._console.is_terminal, expand=True)
        self._task = self._bar.add_task("training", total=1.0, figures="")
        self._started = time.monotonic()
        self._last_line = -math.inf
        self._samples = 0
        self._seconds = 0.0
        self._stage: str | None = None

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def training(self, snapshot: Snapshot) -> None:
        """Show a snapshot. The first has no figures yet, as nothing was shown to the network."""
        if math.isnan(snapshot.loss) and snapshot.ended is None:
            return
        elapsed = time.monotonic() - self._started
        pace = (snapshot.samples - self._samples) / max(snapshot.seconds - self._seconds, 1e-9)
        self._samples, self._seconds = snapshot.samples, snapshot.seconds
        psnr = snapshot.evaluation.psnr if snapshot.evaluation else snapshot.running_psnr
        left = snapshot.seconds * (1 - snapshot.progress) / snapshot.progress if snapshot.progress else math.nan
        figures = (
            f"epoch {snapshot.epoch:.2f}  {psnr:5.2f} dB  {_count(pace)} samples/s  "
            f"{_clock(elapsed)} elapsed  {_clock(left)} left"
        )
        self._bar.update(self._task, completed=snapshot.progress, figures=figures)
        self._line(f"{snapshot.progress:4.0%}  {figures}", last=snapshot.ended is not None)

    def stage(self, name: str, done: int, total: int) -> None:
        """Show how far the work after training is."""
        if self._stage != name:
            self._stage = name
            self._bar.update(self._task, completed=1.0)
            self._task = self._bar.add_task(name, total=total, figures="")
        self._bar.update(self._task, completed=done, total=total, figures=f"{done}/{total}")
        self._line(f"{name} {done}/{total}", last=done == total)

    def _line(self, text: str, *, last: bool) -> None:
        now = time.monotonic()
        if self._console.is_terminal or not (last or now - self._last_line >= SECONDS_A_LINE):
            return
        self._last_line = now
        self._console.print(text, highlight=False, soft_wrap=True)


def _clock(seconds: float) -> str:
    if not math.isfinite(seconds):
        return "-:--"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _count(number: float) -> str:
    return f"{number / 1e6:.2f}M" if number >= 1e6 else f"{number / 1e3:.1f}k" if number >= 1e3 else f"{number:.0f}"
