"""The flag that selects the output location of the current command, for messages about unwritable folders."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_FLAG: ContextVar[str] = ContextVar("flag", default="--runs")


@contextmanager
def output_flag(flag: str) -> Iterator[None]:
    """Set the flag that selects where the block writes its files; empty if there is no such flag."""
    before = _FLAG.set(flag)
    try:
        yield
    finally:
        _FLAG.reset(before)


def other_output(kind: str = "folder") -> str:
    """Return ``choose another folder (--runs)``, for the end of a message; empty if there is no such flag."""
    flag = _FLAG.get()
    return f"choose another {kind} ({flag})" if flag else ""
