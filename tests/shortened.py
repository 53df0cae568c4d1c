"""Shorter versions of the commands of tests and documents: smaller flags, and no output that no test reads."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sfumato.render import curve, write_curve


def shortened(arguments: Sequence[str], short: Sequence[str]) -> list[str]:
    """Return the arguments with the flags of ``short`` (flag, value, flag, value, ...) in place of their own.

    A ``--picture.max-side`` is left out where there is an exact size, which excludes it.
    """
    pairs = list(zip(short[::2], short[1::2], strict=True))
    if any(argument.startswith("--picture.size") for argument in arguments):
        pairs = [pair for pair in pairs if pair[0] != "--picture.max-side"]
    flags = [flag for flag, _ in pairs]
    others: list[str] = []
    following = iter(arguments)
    for argument in following:
        flag, separator, _ = argument.partition("=")
        if flag not in flags:
            others.append(argument)
        elif not separator:
            next(following)
    return [*others, *(part for pair in pairs for part in pair)]


def fast_forecasts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure the rate of an arm from one step. The usual seconds are tens of thousands of steps of a tiny network."""
    monkeypatch.setattr("sfumato.lab.forecast.ASSUMED_FLOPS", 0.0)


def no_curve(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write an empty drawing instead of the curve of a run, until `drawn_curve`."""

    def empty(path: Path, *_: Any, **__: Any) -> None:
        path.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>', encoding="utf-8")

    monkeypatch.setattr(curve, "write_curve", empty)
    # The module that finishes runs imports the function by name. It may be imported later, with PyTorch.
    if (finishing := sys.modules.get("sfumato.render.learning")) is not None:
        monkeypatch.setattr(finishing, "write_curve", empty)


def drawn_curve(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw the curve of a run, in spite of `no_curve`."""
    # Other names of the function are those of the original.
    monkeypatch.setattr("sfumato.render.learning.write_curve", write_curve)
