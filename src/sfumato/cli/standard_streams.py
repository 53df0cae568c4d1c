"""Standard input, output and error as a command meets them: closed, in ASCII, a terminal that is gone."""

from __future__ import annotations

import codecs
import io
import os
import sys
from contextlib import suppress

NAMES = ("stdin", "stdout", "stderr")

_PLAIN = str.maketrans(
    {"…": "...", "·": "-", "–": "-", "—": "-", "−": "-", "×": "x", "“": '"', "”": '"', "‘": "'", "’": "'"}  # noqa: RUF001
    | dict.fromkeys("─━╌╴╶", "-")
    | dict.fromkeys("│┃", "|")
    | dict.fromkeys("╭╮╰╯┌┐└┘├┤┬┴┼", "+")
)
"""What ASCII has in their place."""


def encoded_anyhow(error: UnicodeError) -> tuple[str | bytes, int]:
    """Encode what an encoding lacks: bytes of file names that are not UTF-8 as they are, signs by what looks alike."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    parts: list[bytes] = []
    for letter in error.object[error.start : error.end]:
        if "\udc80" <= letter <= "\udcff":
            parts.append(letter.encode("ascii", "surrogateescape"))
        else:
            parts.append(letter.translate(_PLAIN).encode("ascii", "backslashreplace"))
    return b"".join(parts), error.end


class _Patient(io.RawIOBase):
    """Standard error, for progress: where nobody reads it any more, work goes on without it."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def fileno(self) -> int:
        return self._descriptor

    def write(self, data: object, /) -> int:
        rest = memoryview(data).cast("B")  # pyright: ignore[reportArgumentType]
        count = len(rest)
        with suppress(OSError):
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        return count


def prepare() -> None:
    """Make all three usable, whatever the process was started with."""
    codecs.register_error("anyhow", encoded_anyhow)
    for descriptor, name in enumerate(NAMES):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest free number is this one: else the next file that is opened would be taken for the stream.
            os.open(os.devnull, os.O_RDWR)
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(descriptor, mode, encoding="utf-8", closefd=False))  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="anyhow")
    error = sys.stderr
    # Not where a test or a program has put something else in its place.
    if isinstance(error, io.TextIOWrapper) and error.fileno() == 2:
        error.flush()
        raw = _Patient(2)
        sys.stderr = io.TextIOWrapper(raw, encoding=error.encoding, errors="anyhow", write_through=True)  # pyright: ignore[reportArgumentType]
