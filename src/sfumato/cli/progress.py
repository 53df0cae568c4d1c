"""Progress of training on stderr: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import math
import time
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

from sfumato import images
from sfumato.cli import half_blocks
from sfumato.cli.estimate import MEASURED_SECONDS, StageEstimate, TrainingEstimate
from sfumato.formatting import clock, count
from sfumato.recipe import Budget
from sfumato.recipe.picture import Transfer
from sfumato.training import Observer, Overhead, PictureSnapshot

SECONDS_PER_LINE = 5.0
SECONDS_PER_PAINTING = 0.5
"""Minimum time between two paintings in the terminal."""

PAINTINGS = Overhead(share=0.015)
"""The fraction of the training time that paintings in the terminal may take."""

PAINTINGS_ACCOUNT = "terminal painting"
"""The account of their overhead."""


class PaintProgress(Observer[PictureSnapshot]):
    """A context manager that shows epoch, PSNR, samples per second, elapsed time, and remaining time."""

    name = "progress"
    overhead = Overhead.unlimited()
    """A line costs almost nothing; paintings in the terminal are limited to `PAINTINGS`."""

    def __init__(
        self,
        budget: Budget,
        *,
        painting: bool = False,
        transfer: Transfer = "srgb",
        console: Console | None = None,
    ) -> None:
        """painting: draw the painting above the bar; transfer: the transfer function of the network's outputs."""
        self._console = console or Console(stderr=True)
        self._painting: RenderableType = ""
        # A terminal without Unicode cannot show half blocks.
        self._draws_painting = painting and self._console.is_terminal and not self._console.options.ascii_only
        self._transfer: Transfer = transfer
        self._last_painting = -math.inf
        columns = (
            TextColumn("{task.description:<9}", markup=False),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[stats]}", markup=False),
        )
        self._bar = Progress(*columns, console=self._console, expand=True)
        self._live = Live(console=self._console, get_renderable=self._render, refresh_per_second=8)
        self._task = self._bar.add_task("training", total=1.0, stats="")
        self._started = time.monotonic()
        self._last_line = -math.inf
        self._samples = 0
        self._seconds = 0.0
        self._stages: dict[str, TaskID] = {}
        self._training_estimate, self._stage_estimate = TrainingEstimate(budget, self.say), StageEstimate(self.say)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def _render(self) -> RenderableType:
        return Group(self._painting, self._bar)

    def observe(self, snapshot: PictureSnapshot) -> None:
        """Show a snapshot. The first has no statistics yet, because it precedes the first step."""
        self._training_estimate.update(snapshot)
        self._stage_estimate.other_work()
        if math.isnan(snapshot.loss) and snapshot.ended is None:
            return
        due = time.monotonic() - self._last_painting >= SECONDS_PER_PAINTING
        if self._draws_painting and (
            snapshot.ended or (due and snapshot.overhead.can_afford(PAINTINGS, PAINTINGS_ACCOUNT))
        ):
            self._draw(snapshot)
        if snapshot.seconds < MEASURED_SECONDS and snapshot.ended is None:
            # The first steps warm up caches: extrapolated, they would predict hours for minutes of training.
            return
        elapsed = time.monotonic() - self._started
        samples_per_second = (snapshot.samples - self._samples) / max(snapshot.seconds - self._seconds, 1e-9)
        self._samples, self._seconds = snapshot.samples, snapshot.seconds
        psnr = snapshot.evaluation.psnr if snapshot.evaluation else snapshot.running_psnr
        left = snapshot.seconds * (1 - snapshot.progress) / snapshot.progress if snapshot.progress else math.nan
        stats = (
            f"epoch {snapshot.epoch:.2f}  {_decibels(psnr)} dB  {count(samples_per_second)} samples/s  "
            f"{clock(elapsed)} elapsed  {clock(left)} left"
        )
        self._bar.update(self._task, completed=snapshot.progress, stats=stats)
        self._line(f"{snapshot.progress:4.0%}  {stats}", last=snapshot.ended is not None)

    def _draw(self, snapshot: PictureSnapshot) -> None:
        width, height = self._console.size
        # Leave room for the bars below the painting, and for the line of the cursor.
        rows, columns = half_blocks.fit_pixels(snapshot.size, width, max(height - 4, 1))
        with snapshot.overhead.measure(PAINTINGS_ACCOUNT):
            self._painting = half_blocks.to_segments(images.to_srgb(snapshot.paint(rows, columns), self._transfer))
        self._last_painting = time.monotonic()

    def stage(self, name: str, done: int, total: int) -> None:
        """Show the progress of a long evaluation, or of the work after training."""
        self._stage_estimate.stage(name, done, total)
        if name not in self._stages:
            self._stages[name] = self._bar.add_task(name, total=total, stats="")
        if name != "evaluation":
            # The other stages come after training, which may have ended before its budget was spent.
            self._bar.update(self._task, completed=1.0)
        self._bar.update(self._stages[name], completed=done, total=total, stats=f"{done}/{total}")
        self._line(f"{name} {done}/{total}", last=done == total)

    def _line(self, text: str, *, last: bool) -> None:
        now = time.monotonic()
        if self._console.is_terminal or not (last or now - self._last_line >= SECONDS_PER_LINE):
            return
        self._last_line = now
        self.say(text)

    def say(self, text: str) -> None:
        """Print a line, above the bar if there is one."""
        self._console.print(Text(text), soft_wrap=True)


def _decibels(psnr: float) -> str:
    return f"{psnr:5.2f}" if math.isfinite(psnr) else "    -"
