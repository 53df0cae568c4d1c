"""A run's metrics, read once: later reads take only what has been appended since.

Of every line its numbers and its offset in the file are kept in memory. The statistics of its layers, which are long,
are read again for the few lines that a chart shows.
"""

from __future__ import annotations

import math
import os
import stat
import threading
from array import array
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sfumato.errors import RunError
from sfumato.runs import layout
from sfumato.studio.run import metrics_line
from sfumato.studio.run.metrics_line import MetricsLine

NUMBERS = ("epoch", "step", "samples", "seconds", "loss", "psnr", "ssim", "learning_rate")
INTEGERS = ("step", "samples")

MAX_BYTES = 1_000_000_000
"""Bytes of a file; no training writes more."""
MAX_LINES = 2_000_000
CHUNK = metrics_line.MAX_BYTES
"""Bytes of one read."""
MAX_HISTORIES = 8
"""Runs whose histories are cached."""


class Histories:
    """The histories of the most recently requested runs; thread-safe."""

    def __init__(self) -> None:
        self._all: OrderedDict[Path, History] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, folder: Path) -> History:
        """Return the history of a run, as of its last update."""
        with self._lock:
            found = self._all.pop(folder, None) or History(folder / layout.METRICS)
            self._all[folder] = found
            while len(self._all) > MAX_HISTORIES:
                self._all.popitem(last=False)
            return found


class History:
    """The lines of one metrics file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.lock = threading.RLock()
        """Held while the history is updated and read."""
        self._clear()

    def _clear(self) -> None:
        self._columns = {name: array("d") for name in NUMBERS}
        self._offsets = array("q")
        self._offset = 0
        self._last = b""
        self._inode = 0
        self.version = "0"
        """Changes with the content of the file."""

    def __len__(self) -> int:
        return len(self._offsets)

    def update(self) -> None:
        """Read what has been appended, without an incomplete last line. Raise RunError for a damaged line."""
        with self.lock:
            try:
                self._update()
            except (OSError, ValueError) as error:
                number = len(self) + 1
                self._clear()
                reason = error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error)
                raise RunError(
                    f"{self._path} must hold one JSON object per line: {reason} (line {number}). "
                    "Restore or remove the file."
                ) from None

    def _update(self) -> None:
        try:
            about = self._path.stat()
        except FileNotFoundError:
            self._clear()
            return
        if not stat.S_ISREG(about.st_mode):
            raise OSError(0, "not a regular file")
        if about.st_size > MAX_BYTES:
            raise OSError(0, f"it has more than {MAX_BYTES:,} bytes")
        with self._path.open("rb") as file:
            if about.st_ino != self._inode or about.st_size < self._offset or not self._is_unchanged(file.fileno()):
                self._clear()
                self._inode = about.st_ino
            while self._read_chunk(file.fileno()):
                pass
        self.version = f"{about.st_ino:x}-{self._offset:x}-{about.st_mtime_ns:x}"

    def _is_unchanged(self, file: int) -> bool:
        """Return whether the last line read is still there: a resumed run drops its last lines and appends others."""
        return not self._last or os.pread(file, len(self._last), self._offset - len(self._last)) == self._last

    def _read_chunk(self, file: int) -> bool:
        """Read a chunk, and return whether there may be more."""
        data = os.pread(file, CHUNK, self._offset)
        whole = data[: data.rfind(b"\n") + 1]
        if not whole:
            if len(data) == CHUNK:
                raise ValueError(f"a line has more than {metrics_line.MAX_BYTES:,} bytes")
            return False
        for text in whole.split(b"\n")[:-1]:
            self._append(text)
            self._offset += len(text) + 1
            self._last = text + b"\n"
        return True

    def _append(self, text: bytes) -> None:
        line = metrics_line.parse(text)
        if len(self) >= MAX_LINES:
            raise ValueError(f"it has more than {MAX_LINES:,} lines")
        for name, column in self._columns.items():
            value = getattr(line, name)
            column.append(math.nan if value is None else value)
        self._offsets.append(self._offset)

    def column(self, name: str, indices: Iterable[int]) -> list[Any]:
        """Return a quantity at some of the lines; None where a line lacks it."""
        column, whole = self._columns[name], name in INTEGERS
        return [None if math.isnan(column[k]) else int(column[k]) if whole else column[k] for k in indices]

    def evenly_spaced(self, limit: int) -> list[int]:
        """Return the numbers of at most ``limit`` lines, evenly spaced, the first and the last among them."""
        count = len(self)
        if count <= limit:
            return list(range(count))
        return [round(number * (count - 1) / (limit - 1)) for number in range(limit)]

    def lines(self, indices: Sequence[int]) -> Iterator[MetricsLine]:
        """Read some lines again, and yield them one at a time, because their statistics are long."""
        with self._path.open("rb") as file:
            for k in indices:
                yield self._line(file.fileno(), k)

    def _line(self, file: int, number: int) -> MetricsLine:
        start = self._offsets[number]
        end = self._offsets[number + 1] if number + 1 < len(self) else self._offset
        return metrics_line.parse(os.pread(file, end - start, start))

    def by_step(self, steps: Sequence[int]) -> dict[int, dict[str, Any]]:
        """Return ``{step: {epoch, step, ...}}`` of the given steps that have a line; of two lines the later one."""
        wanted = set(steps)
        found = {int(step): k for k, step in enumerate(self._columns["step"]) if step in wanted}
        names = NUMBERS
        columns = {name: self.column(name, found.values()) for name in names}
        return {step: {name: columns[name][n] for name in names} for n, step in enumerate(found)}
