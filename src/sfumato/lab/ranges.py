"""Ranges of numbers, written ``low..high`` or ``low..high:log``, in the spaces of sweeps and of tuning."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sfumato.errors import RecipeError

_NUMBER = r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"
_RANGE = re.compile(rf"({_NUMBER})\.\.({_NUMBER})(:log)?")
_WHOLE = re.compile(r"[-+]?\d+")


class Suggests(Protocol):
    """What suggests values: a trial of Optuna."""

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """Return one of the choices."""
        ...

    def suggest_int(self, name: str, low: int, high: int, *, log: bool = False) -> int:
        """Return a whole number; the ends belong to the range."""
        ...

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        """Return a number; the ends belong to the range."""
        ...


@dataclass(frozen=True)
class Range:
    """A range of numbers."""

    name: str
    """Name of the parameter, such as ``model.width`` or ``training.optimizer.adam.lr``."""
    low: float
    high: float
    whole: bool
    log: bool

    def text(self, value: float) -> str:
        """Return a number as a recipe takes it: whole, or with six digits."""
        return str(int(value)) if self.whole else f"{value:.6g}"

    def value(self, trial: Suggests) -> float:
        """Return a number of the range."""
        if self.whole:
            return trial.suggest_int(self.name, int(self.low), int(self.high), log=self.log)
        return trial.suggest_float(self.name, self.low, self.high, log=self.log)

    def at(self, share: float) -> float:
        """Return the number at a share of the range, 0 to 1, on its scale: whole, or with three digits."""
        if self.log:
            return self.rounded(self.low * (self.high / self.low) ** share)
        return self.rounded(self.low + share * (self.high - self.low))

    def place(self, value: float) -> float:
        """Return the share of the range at which a number is, 0 to 1, on its scale."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def rounded(self, value: float) -> float:
        """Return the nearest number within the range that is whole, or has three digits."""
        near = round(value) if self.whole else float(f"{value:.3g}")
        return min(max(near, int(self.low) if self.whole else self.low), int(self.high) if self.whole else self.high)

    def suggest(self, trial: Suggests) -> str:
        """Return a number of the range as text."""
        return self.text(self.value(trial))


def written_in(text: str) -> Iterator[re.Match[str]]:
    """Yield the ranges that are written somewhere in a text, as matches for `range_of`."""
    return _RANGE.finditer(text)


def is_range(text: str) -> bool:
    """Tell whether a text is a range and nothing else."""
    return _RANGE.fullmatch(text) is not None


def range_of(written: re.Match[str], field: str, name: str) -> Range:
    """Return a range found by `written_in`; ``field``: whose value it is, for messages. Raises RecipeError."""
    low, high, log = written[1], written[2], bool(written[3])
    whole = bool(_WHOLE.fullmatch(low) and _WHOLE.fullmatch(high))
    one = Range(name, float(low), float(high), whole, log)
    if not one.low < one.high:
        raise RecipeError(f"{field} must have ranges low..high with low below high. Got {written[0]}.")
    if log and one.low <= 0:
        raise RecipeError(f"{field} must have a range above 0 on a logarithmic scale. Got {written[0]}.")
    return one
