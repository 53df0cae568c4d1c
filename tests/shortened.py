"""Commands of tests and documents made short: by flags in place of their own, and by what nobody looks at left out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest


def shortened(arguments: Sequence[str], short: Sequence[str]) -> list[str]:
    """The arguments without the flags of ``short`` (flag, value, flag, value, ...), and then ``short``.

    An exact size takes no longest side beside it.
    """
    pairs = list(zip(short[::2], short[1::2], strict=True))
    if any(argument.startswith("--picture.size") for argument in arguments):
        pairs = [pair for pair in pairs if pair[0] != "--picture.max-side"]
    flags = [flag for flag, _ in pairs]
    kept: list[str] = []
    following = iter(arguments)
    for argument in following:
        flag, separator, _ = argument.partition("=")
        if flag not in flags:
            kept.append(argument)
        elif not separator:
            next(following)
    return [*kept, *(part for pair in pairs for part in pair)]


def brief_forecasts(monkeypatch: pytest.MonkeyPatch) -> None:
    """One step tells an arm's pace, not as many as make a moment: of a tiny network these are tens of thousands."""
    monkeypatch.setattr("sfumato.lab.forecast.ASSUMED_FLOPS", 0.0)


def no_curve(monkeypatch: pytest.MonkeyPatch) -> None:
    """Curves are empty files: drawing one takes longer than a short training, and has tests of its own."""

    def empty(path: Path, *_: Any, **__: Any) -> None:
        path.touch()

    monkeypatch.setattr("sfumato.render.learning.write_curve", empty)
