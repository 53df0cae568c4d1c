"""With which flag the command at hand is told where to write: what a message about a full or closed folder names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_FLAG: ContextVar[str] = ContextVar("flag", default="--runs")


@contextmanager
def named_by(flag: str) -> Iterator[None]:
    """In the block files go where ``flag`` says; empty where no flag can send them elsewhere."""
    before = _FLAG.set(flag)
    try:
        yield
    finally:
        _FLAG.reset(before)


def elsewhere(what: str = "folder") -> str:
    """``choose another folder (--runs)``, to stand at the end of a message; empty where there is no choice."""
    flag = _FLAG.get()
    return f"choose another {what} ({flag})" if flag else ""
