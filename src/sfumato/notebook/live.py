"""A figure in a notebook, updated during training and finally replaced by the run; and access to the kernel."""

from __future__ import annotations

import math
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

import numpy as np

from sfumato import images
from sfumato.errors import SfumatoError
from sfumato.formatting import clock, count
from sfumato.interrupt import stop_on_signals
from sfumato.log import log_to
from sfumato.notebook.page import MAX_SIDE, data_uri, page
from sfumato.recipe.picture import Transfer
from sfumato.runs import Run
from sfumato.training import Observer, Overhead, PictureProblem, PictureSnapshot, Start

SECONDS_PER_UPDATE = 0.5
SECONDS_PER_PAINTING = (1.0, 4.0)
"""Limits of the time between paintings, which is short at first, while much changes, and then grows."""
INITIAL_PIXELS = 4096
"""Pixels of paintings before training starts."""
MIN_PIXELS = 2048
"""Smallest number of pixels of a painting, which waits until its budget allows so many."""
MAX_POINTS = 400
"""Number of points of the curve at which every second one is dropped."""


def shell() -> Any | None:
    """Return the kernel's shell, or None outside of notebooks, such as in IPython in a terminal."""
    ipython = sys.modules.get("IPython")
    found = ipython.get_ipython() if ipython is not None else None
    return found if getattr(found, "kernel", None) is not None else None


class Display:
    """One output of the executing cell, updated in place."""

    def __init__(self) -> None:
        # At this point the kernel has imported IPython.
        from IPython.display import DisplayHandle

        self._handle = DisplayHandle()
        self._displayed = False

    def show(self, html: str, plain: str) -> None:
        """Replace the output; ``plain`` is for front ends without HTML."""
        data = {"text/html": html, "text/plain": plain}
        (self._handle.update if self._displayed else self._handle.display)(data, raw=True)
        self._displayed = True


def same_cell() -> Callable[[], bool]:
    """Return a function that tells whether the cell that executes now is still executing."""
    found = shell()
    number = getattr(found, "execution_count", None)
    return lambda: number is not None and getattr(found, "execution_count", None) == number


PAINTINGS = Overhead(share=0.015, frontloaded=True)
"""Budget of the figure's paintings, as a share of the training time."""


class Figure(Observer[PictureSnapshot]):
    """An observer for trainings outside of notebooks, which shows nothing and is never interrupted."""

    name = "notebook"
    overhead = Overhead.unlimited()
    """Updates of the figure are cheap; the size of its paintings depends on what is left of `PAINTINGS`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return

    def interrupted(self) -> bool:
        """Return whether the kernel was interrupted."""
        return False

    def ended(self, run: Run) -> Run:
        """Show the result, and return the run, which the same cell then does not display again."""
        return run


def figure(live: bool | None) -> Figure:
    """Return the figure of this process, which is visible in a notebook's kernel unless ``live`` is false.

    Raises SfumatoError when ``live`` is true and there is no kernel.
    """
    if shell() is not None:
        return LiveFigure(visible=live is not False)
    if live:
        raise SfumatoError("live must be None or False outside of a Jupyter notebook. Got True.")
    return Figure()


class LiveFigure(Figure):
    """A figure in a kernel. An interrupt ends training at the next step, and all files are written, as with Ctrl-C."""

    def __init__(self, *, visible: bool = True) -> None:
        self._display = Display() if visible else None
        self._stack = ExitStack()
        self._stop_requested: Callable[[], bool] = lambda: False
        self._target = ""
        self._painting: str | None = None
        self._size = (1, 1)
        self._transfer: Transfer = "srgb"
        self._points: list[tuple[float, float]] = []
        self._stride = 1
        self._snapshots = 0
        self._status = ""
        self._progress = 0.0
        self._updated_at = self._painted_at = -math.inf
        self._seconds_per_pixel = math.inf
        self._last_update = (0, 0.0)
        """(samples, seconds) of training at the last update."""

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._stop_requested = self._stack.enter_context(stop_on_signals((signal.SIGINT,)))
        self._stack.enter_context(log_to(self._show_status))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
        if kind is not None and self._target:
            self._show_status(f"{self._status}   ended by {kind.__name__}")

    def interrupted(self) -> bool:
        """Return whether the kernel was interrupted."""
        return self._stop_requested()

    def begin(self, start: Start) -> None:
        """Show the picture."""
        assert isinstance(start.problem, PictureProblem)
        picture, transfer = start.problem.picture, start.recipe.picture.transfer
        self._transfer, self._size = transfer, picture.shape[:2]
        self._target = data_uri(images.to_srgb(picture, transfer))

    def due(self, snapshot: PictureSnapshot) -> bool:
        """Return whether the last update is old enough. The curve gets a point from every snapshot."""
        if self._display is None:
            return False
        self._add_point(snapshot)
        return snapshot.ended is not None or time.monotonic() - self._updated_at >= SECONDS_PER_UPDATE

    def observe(self, snapshot: PictureSnapshot) -> None:
        """Show a snapshot."""
        self._paint(snapshot)
        samples, seconds = self._last_update
        samples_per_second = (snapshot.samples - samples) / max(snapshot.seconds - seconds, 1e-9)
        self._last_update = (snapshot.samples, snapshot.seconds)
        left = snapshot.seconds * (1 - snapshot.progress) / snapshot.progress if snapshot.progress else math.nan
        psnr = snapshot.evaluation.psnr if snapshot.evaluation else snapshot.running_psnr
        parts = [f"epoch {snapshot.epoch:.2f}"]
        if math.isfinite(psnr):
            parts += [f"{psnr:.2f} dB", f"{count(samples_per_second)} samples/s", f"{clock(left)} left"]
        self._progress = snapshot.progress
        self._show_status("   ".join(parts))

    def stage(self, name: str, done: int, total: int) -> None:
        """Show the progress of the work after training."""
        self._progress = done / total
        if time.monotonic() - self._updated_at >= SECONDS_PER_UPDATE:
            self._show_status(f"{name} {done}/{total}")

    def ended(self, run: Run) -> Run:
        """Replace the figure by the run's result."""
        if self._display is None:
            return run
        self._display.show(run.as_html(), run.summary())
        return Run(run.folder, run.module, same_cell())

    def _add_point(self, snapshot: PictureSnapshot) -> None:
        self._snapshots += 1
        if self._snapshots % self._stride == 0 and math.isfinite(snapshot.running_psnr):
            self._points.append((snapshot.epoch, snapshot.running_psnr))
        if len(self._points) >= MAX_POINTS:
            self._points, self._stride = self._points[::2], 2 * self._stride

    def _paint(self, snapshot: PictureSnapshot) -> None:
        overhead, now = snapshot.overhead, time.monotonic()
        painting = None
        if snapshot.evaluation is not None:
            painting = snapshot.evaluation.painting
        elif now - self._painted_at >= np.clip(snapshot.seconds / 20, *SECONDS_PER_PAINTING):
            pixels = INITIAL_PIXELS
            if overhead.under_way:
                pixels = int(overhead.left(PAINTINGS, self.name) / self._seconds_per_pixel)
            if pixels >= min(MIN_PIXELS, self._size[0] * self._size[1]):
                rows, columns = self._rows_and_columns(pixels)
                painting = snapshot.paint(rows, columns)
                seconds_per_pixel = (time.monotonic() - now) / (rows * columns)
                self._seconds_per_pixel = min(self._seconds_per_pixel, seconds_per_pixel)
        if painting is not None:
            self._painting, self._painted_at = data_uri(images.to_srgb(painting, self._transfer)), now

    def _rows_and_columns(self, pixels: int) -> tuple[int, int]:
        height, width = self._size
        scale = min(1.0, MAX_SIDE / max(height, width), math.sqrt(pixels / (height * width)))
        return max(2, round(height * scale)), max(2, round(width * scale))

    def _show_status(self, status: str) -> None:
        self._status, self._updated_at = status, time.monotonic()
        if self._display is None:
            return
        if not self._target:
            self._display.show(f"<pre>{status}</pre>", status)
            return
        html = page(
            self._target, self._painting, self._size, status=status, progress=self._progress, curve=self._points
        )
        self._display.show(html, status)
