"""A figure in a notebook that changes while training goes on, and ends as the run."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Self

import numpy as np

from sfumato import images
from sfumato.errors import SfumatoError
from sfumato.formatting import clock, count
from sfumato.interrupt import stop_on_signals
from sfumato.log import log_to
from sfumato.notebook.kernel import Display, same_cell, shell
from sfumato.notebook.page import LONGEST, encoded, page
from sfumato.recipe.picture import Transfer
from sfumato.runs import Run
from sfumato.training import Observer, Overhead, PictureProblem, PictureSnapshot, Start

SECONDS_PER_UPDATE = 0.5
SECONDS_PER_PAINTING = (1.0, 4.0)
"""Paintings come often at first, while much changes, and later more rarely and finer."""

FIRST_PIXELS = 4096
FEWEST_PIXELS = 2048
"""A painting of fewer would say little: it waits until so many are paid for."""
MOST_POINTS = 400

PAINTINGS = Overhead(share=0.015, frontloaded=True)
"""What the figure may take of the training time."""


class Figure(Observer[PictureSnapshot]):
    """Shows nothing and is never interrupted: a training outside of a notebook."""

    name = "notebook"
    overhead = Overhead.unlimited()
    """A figure is small; its paintings are as fine as what is left of `PAINTINGS` allows."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return

    def interrupted(self) -> bool:
        """Whether a person interrupted the kernel."""
        return False

    def ended(self, run: Run) -> Run:
        """Show what came out; the run, which the same cell then does not show once more."""
        return run


def figure(live: bool | None) -> Figure:
    """The figure of this process: in a notebook's kernel one that shows, unless ``live`` is false.

    Raises SfumatoError when ``live`` is true and there is no kernel.
    """
    if shell() is not None:
        return LiveFigure(shows=live is not False)
    if live:
        raise SfumatoError("live must be None or False outside of a Jupyter notebook. Got True.")
    return Figure()


class LiveFigure(Figure):
    """In a kernel. An interrupt ends training at the next step and everything is written, as with Ctrl-C."""

    def __init__(self, *, shows: bool = True) -> None:
        self._display = Display() if shows else None
        self._stack = ExitStack()
        self._asked: Callable[[], bool] = lambda: False
        self._target = ""
        self._painting: str | None = None
        self._size = (1, 1)
        self._transfer: Transfer = "srgb"
        self._points: list[tuple[float, float]] = []
        self._every = 1
        self._seen = 0
        self._status = ""
        self._progress = 0.0
        self._shown_at = self._painted_at = -math.inf
        self._seconds_per_pixel = math.inf
        self._pace = (0, 0.0)

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._asked = self._stack.enter_context(stop_on_signals((signal.SIGINT,)))
        self._stack.enter_context(log_to(self._say))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
        if kind is not None and self._target:
            self._say(f"{self._status}   ended by {kind.__name__}")

    def interrupted(self) -> bool:
        """Whether a person interrupted the kernel."""
        return self._asked()

    def begin(self, start: Start) -> None:
        """Show the picture from now on."""
        assert isinstance(start.problem, PictureProblem)
        picture, transfer = start.problem.picture, start.recipe.picture.transfer
        self._transfer, self._size = transfer, picture.shape[:2]
        self._target = encoded(images.to_srgb(picture, transfer))

    def due(self, snapshot: PictureSnapshot) -> bool:
        """Whether the last one has been there for a while; the curve takes every one."""
        if self._display is None:
            return False
        self._note(snapshot)
        return snapshot.ended is not None or time.monotonic() - self._shown_at >= SECONDS_PER_UPDATE

    def observe(self, snapshot: PictureSnapshot) -> None:
        """Show a snapshot."""
        self._paint(snapshot)
        samples, seconds = self._pace
        pace = (snapshot.samples - samples) / max(snapshot.seconds - seconds, 1e-9)
        self._pace = (snapshot.samples, snapshot.seconds)
        left = snapshot.seconds * (1 - snapshot.progress) / snapshot.progress if snapshot.progress else math.nan
        psnr = snapshot.evaluation.psnr if snapshot.evaluation else snapshot.running_psnr
        figures = [f"epoch {snapshot.epoch:.2f}"]
        if math.isfinite(psnr):
            figures += [f"{psnr:.2f} dB", f"{count(pace)} samples/s", f"{clock(left)} left"]
        self._progress = snapshot.progress
        self._say("   ".join(figures))

    def stage(self, name: str, done: int, total: int) -> None:
        """Show how far the work after training is."""
        self._progress = done / total
        if time.monotonic() - self._shown_at >= SECONDS_PER_UPDATE:
            self._say(f"{name} {done}/{total}")

    def ended(self, run: Run) -> Run:
        """Show what came out, in place of the figure."""
        if self._display is None:
            return run
        self._display.show(run.as_html(), run.summary())
        return Run(run.folder, run.module, same_cell())

    def _note(self, snapshot: PictureSnapshot) -> None:
        self._seen += 1
        if self._seen % self._every == 0 and math.isfinite(snapshot.running_psnr):
            self._points.append((snapshot.epoch, snapshot.running_psnr))
        if len(self._points) >= MOST_POINTS:
            self._points, self._every = self._points[::2], 2 * self._every

    def _paint(self, snapshot: PictureSnapshot) -> None:
        overhead, now = snapshot.overhead, time.monotonic()
        painting = None
        if snapshot.evaluation is not None:
            painting = snapshot.evaluation.painting
        elif now - self._painted_at >= np.clip(snapshot.seconds / 20, *SECONDS_PER_PAINTING):
            pixels = FIRST_PIXELS
            if overhead.under_way:
                pixels = int(overhead.left(PAINTINGS, self.name) / self._seconds_per_pixel)
            if pixels >= min(FEWEST_PIXELS, self._size[0] * self._size[1]):
                rows, columns = self._rows_and_columns(pixels)
                painting = snapshot.paint(rows, columns)
                took = (time.monotonic() - now) / (rows * columns)
                self._seconds_per_pixel = min(self._seconds_per_pixel, took)
        if painting is not None:
            self._painting, self._painted_at = encoded(images.to_srgb(painting, self._transfer)), now

    def _rows_and_columns(self, pixels: int) -> tuple[int, int]:
        height, width = self._size
        scale = min(1.0, LONGEST / max(height, width), math.sqrt(pixels / (height * width)))
        return max(2, round(height * scale)), max(2, round(width * scale))

    def _say(self, status: str) -> None:
        self._status, self._shown_at = status, time.monotonic()
        if self._display is None:
            return
        if not self._target:
            self._display.show(f"<pre>{status}</pre>", status)
            return
        html = page(
            self._target, self._painting, self._size, status=status, progress=self._progress, curve=self._points
        )
        self._display.show(html, status)
