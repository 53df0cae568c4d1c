"""Progress on stderr: a bar with the time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import math
import time
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.segment import Segment, Segments
from rich.style import Style
from rich.text import Text

from sfumato import images
from sfumato.cli.estimate import MEASURED_SECONDS, StageEstimate, TrainingEstimate
from sfumato.formatting import clock, count
from sfumato.recipe import Budget
from sfumato.recipe.picture import Transfer
from sfumato.training import Observer, Overhead, PictureSnapshot

if TYPE_CHECKING:
    pass


UPPER_HALF = "▀"

SECONDS_PER_LINE = 5.0
SECONDS_PER_PAINTING = 0.5
"""Minimum time between two paintings in the terminal."""
PAINTINGS_ACCOUNT = "terminal painting"
"""The account of their overhead."""


def fit_pixels(size: tuple[int, int], width: int, height: int) -> tuple[int, int]:
    """Return the (rows, columns) of pixels, rows even, of a picture of ``size`` (H, W) in width x height cells."""
    scale = min(width / size[1], 2 * height / size[0])
    return max(2, 2 * round(size[0] * scale / 2)), max(2, round(size[1] * scale))


def to_segments(painting: NDArray[np.floating]) -> Segments:
    """Return a painting (rows, columns, C), rows even, as colored characters, two rows of pixels per line.

    Values outside [0, 1] are clipped.
    """
    pixels = images.to_uint8(painting)[:, :, :3]
    if pixels.shape[2] == 1:
        pixels = pixels.repeat(3, axis=2)
    segments: list[Segment] = []
    for upper, lower in zip(pixels[::2], pixels[1::2], strict=True):
        for above, below in zip(upper.tolist(), lower.tolist(), strict=True):
            style = Style(color=Color.from_rgb(*above), bgcolor=Color.from_rgb(*below))
            segments.append(Segment(UPPER_HALF, style))
        segments.append(Segment.line())
    return Segments(segments)


PAINTINGS = Overhead(share=0.015)
"""The fraction of the training time that paintings in the terminal may take."""


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
        rows, columns = fit_pixels(snapshot.size, width, max(height - 4, 1))
        with snapshot.overhead.measure(PAINTINGS_ACCOUNT):
            self._painting = to_segments(images.to_srgb(snapshot.paint(rows, columns), self._transfer))
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
