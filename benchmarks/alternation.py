"""Alternating measurement of the sides of a comparison, so that other load on the machine affects all alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

PAUSE = 0.02
"""Seconds between turns: the threads of a library's pool may spin for some milliseconds after their work."""


class Quartiles(NamedTuple):
    """Median and quartiles of ``n`` measurements."""

    low: float
    median: float
    high: float
    n: int

    def __format__(self, spec: str) -> str:
        """Return the median and, in parentheses, the quartiles: ``f"{x:.2f}"``."""
        return f"{self.median:{spec}} ({self.low:{spec}} to {self.high:{spec}})"

    def rounded(self, digits: int) -> dict[str, float | list[float]]:
        """Return plain data for a file of results."""
        return {
            "median": round(self.median, digits),
            "quartiles": [round(self.low, digits), round(self.high, digits)],
            "n": self.n,
        }


def quartiles(values: Sequence[float]) -> Quartiles:
    """Return the quartiles of two values or more. Raises ValueError for fewer."""
    if len(values) < 2:
        raise ValueError(f"quartiles need at least 2 values. Got {len(values)}.")
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Quartiles(low, median, high, len(values))


def ratios(over: Sequence[float], under: Sequence[float]) -> Quartiles:
    """Return the quartiles of ``over / under``, taken round by round."""
    return quartiles([a / b for a, b in zip(over, under, strict=True)])


def alternate(turns: Mapping[str, Callable[[int], float]], rounds: int) -> dict[str, list[float]]:
    """Return each side's results (its seconds) by round; a turn is called with the round's number.

    Every other round goes through the sides backwards, so that none always follows the same neighbor.
    """
    seconds: dict[str, list[float]] = {name: [] for name in turns}
    names = list(turns)
    for number in range(rounds):
        for name in names if number % 2 == 0 else names[::-1]:
            time.sleep(PAUSE)
            seconds[name].append(turns[name](number))
    return seconds


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that the work takes."""
    before = time.perf_counter()
    work()
    return time.perf_counter() - before
