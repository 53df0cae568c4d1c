"""Standard input, output, and error in any state: closed, with an ASCII encoding, or on a terminal that is gone."""

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
"""Replacements for characters that an encoding lacks."""


def encode_with_fallback(error: UnicodeError) -> tuple[str | bytes, int]:
    """Encode characters that an encoding lacks: undecodable bytes of file names as they are, others by similar ones."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    encoded: list[bytes] = []
    for character in error.object[error.start : error.end]:
        if "\udc80" <= character <= "\udcff":
            encoded.append(character.encode("ascii", "surrogateescape"))
        else:
            encoded.append(character.translate(_PLAIN).encode("ascii", "backslashreplace"))
    return b"".join(encoded), error.end


class _BestEffortStderr(io.RawIOBase):
    """A raw standard error that ignores write errors, so that work continues when nothing reads its progress."""

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
    """Make all three streams usable, even if the process was started without them."""
    codecs.register_error("sfumato-fallback", encode_with_fallback)
    for descriptor, name in enumerate(NAMES):
        try:
            os.fstat(descriptor)
        except OSError:
            # os.open takes the lowest free descriptor, which is this one; else the next opened file would get it.
            os.open(os.devnull, os.O_RDWR)
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(descriptor, mode, encoding="utf-8", closefd=False))  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="sfumato-fallback")
    error = sys.stderr
    # A replacement that a test or a program has installed is left alone.
    if isinstance(error, io.TextIOWrapper) and error.fileno() == 2:
        error.flush()
        raw = _BestEffortStderr(2)
        sys.stderr = io.TextIOWrapper(raw, encoding=error.encoding, errors="sfumato-fallback", write_through=True)  # pyright: ignore[reportArgumentType]
