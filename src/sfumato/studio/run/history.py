"""A run's metrics, read once: what has been appended since is all that is read the next time.

Of every line its numbers are kept, and where it is in the file; the figures of its layers, which are long, are read
again for the few lines that a chart shows.
"""

from __future__ import annotations

import json
import math
import os
import stat
import threading
from array import array
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from sfumato.errors import RunError
from sfumato.runs import layout, metrics

NUMBERS = ("epoch", "step", "samples", "seconds", "loss", "psnr", "ssim", "learning_rate")
WHOLE = ("step", "samples")

MOST_BYTES = 1_000_000_000
"""Of a file: more is no training's."""
MOST_LINES = 2_000_000
MOST_LINE = 4_000_000
PIECE = 4_000_000
"""Bytes that are read at a time."""
KEPT = 8
"""Runs."""


class Histories:
    """Those of the runs that somebody looked at last. Threads may ask at once; of one run they take turns."""

    def __init__(self) -> None:
        self._all: OrderedDict[Path, History] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, folder: Path) -> History:
        """The history of a run, as it was when it was last brought up to date."""
        with self._lock:
            found = self._all.pop(folder, None) or History(folder / layout.METRICS)
            self._all[folder] = found
            while len(self._all) > KEPT:
                self._all.popitem(last=False)
            return found


class History:
    """The lines of one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.lock = threading.RLock()
        """Held while it is brought up to date and read from."""
        self._clear()

    def _clear(self) -> None:
        self._columns = {name: array("d") for name in NUMBERS}
        self._places = array("q")
        self._read = 0
        self._last = b""
        self._inode = 0
        self.version = "0"
        """Changes with what the file holds."""

    def __len__(self) -> int:
        return len(self._places)

    def update(self) -> None:
        """Read what has been appended. Raises RunError for a damaged line; a last one that was cut off is left out."""
        with self.lock:
            try:
                self._update()
            except (OSError, ValueError, RecursionError) as error:
                number = len(self) + 1
                self._clear()
                reason = error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error)
                raise RunError(
                    f"{self._path} must hold one JSON object a line: {reason} (line {number}). "
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
        if about.st_size > MOST_BYTES:
            raise OSError(0, f"it has more than {MOST_BYTES:,} bytes")
        with self._path.open("rb") as file:
            if about.st_ino != self._inode or about.st_size < self._read or not self._is_as_before(file.fileno()):
                self._clear()
                self._inode = about.st_ino
            while self._take(file.fileno()):
                pass
        self.version = f"{about.st_ino:x}-{self._read:x}-{about.st_mtime_ns:x}"

    def _is_as_before(self, file: int) -> bool:
        """A run that is resumed drops its last lines and appends others: the last line tells."""
        return not self._last or os.pread(file, len(self._last), self._read - len(self._last)) == self._last

    def _take(self, file: int) -> bool:
        """Read a piece; whether there may be more."""
        data = os.pread(file, PIECE, self._read)
        whole = data[: data.rfind(b"\n") + 1]
        if not whole:
            if len(data) == PIECE:
                raise ValueError(f"a line has more than {MOST_LINE:,} bytes")
            return False
        for text in whole.split(b"\n")[:-1]:
            self._add(text)
            self._read += len(text) + 1
            self._last = text + b"\n"
        return True

    def _add(self, text: bytes) -> None:
        line = json.loads(text)
        metrics.check(line)
        if len(self) >= MOST_LINES:
            raise ValueError(f"it has more than {MOST_LINES:,} lines")
        for name, column in self._columns.items():
            value = line.get(name)
            number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300
            column.append(value if number else math.nan)
        self._places.append(self._read)

    def column(self, name: str, at: Iterable[int]) -> list[Any]:
        """A quantity at some of the lines; None where a line has none."""
        column, whole = self._columns[name], name in WHOLE
        return [None if math.isnan(column[k]) else int(column[k]) if whole else column[k] for k in at]

    def evenly(self, most: int) -> list[int]:
        """At most so many lines, evenly, the first and the last among them."""
        count = len(self)
        if count <= most:
            return list(range(count))
        return [round(place * (count - 1) / (most - 1)) for place in range(most)]

    def lines(self, at: Sequence[int]) -> list[dict[str, Any]]:
        """Some lines with all that they hold, read again."""
        with self._path.open("rb") as file:
            return [self._line(file.fileno(), k) for k in at]

    def _line(self, file: int, number: int) -> dict[str, Any]:
        start = self._places[number]
        end = self._places[number + 1] if number + 1 < len(self) else self._read
        line = json.loads(os.pread(file, end - start, start))
        metrics.check(line)
        return line

    def by_step(self, steps: Sequence[int]) -> dict[int, dict[str, Any]]:
        """``{step: {epoch, step, ...}}`` of those steps that have a line; the later line where there are two."""
        wanted = set(steps)
        found = {int(step): k for k, step in enumerate(self._columns["step"]) if step in wanted}
        names = NUMBERS
        columns = {name: self.column(name, found.values()) for name in names}
        return {step: {name: columns[name][n] for name in names} for n, step in enumerate(found)}
