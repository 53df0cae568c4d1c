"""What an executor is: it takes trials, and yields their outcomes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

from sfumato.lab.train import Learned, Report
from sfumato.lab.trial import Outcome, Trial

Stop = Callable[[], bool]

Taken = TypeVar("Taken")


class Executor(Protocol):
    """What trains trials. Trials are plain data and outcomes are small, so they can be sent elsewhere.

    Outcomes must not depend on how many trials run at once, nor on the order in which they finish. `name_of` gives an
    executor's name.
    """

    def __call__(self, trials: Iterable[Trial], learned: Learned, stop: Stop, /) -> Iterator[Outcome]:
        """Yield each trial's outcome as it finishes; after ``stop`` returns true, only those that had finished.

        ``trials`` may be endless, and the next one may depend on the outcomes yielded so far, as in a sweep: take it
        when something is free to train it, in the thread that iterates over the outcomes.
        """
        ...


class ReportingExecutor(Executor, Protocol):
    """An executor that reports while trials train, so that a sweep can end them early."""

    def __call__(
        self, trials: Iterable[Trial], learned: Learned, stop: Stop, /, report: Report | None = None
    ) -> Iterator[Outcome]:
        """Train as `Executor` describes; ``report`` is called at every mark of every trial."""
        ...


def name_of(executor: Executor) -> str:
    """Return an executor's name for the experiment's folder: its ``name``, else its name in Python."""
    given = getattr(executor, "name", None) or getattr(executor, "__name__", None)
    return str(given or type(executor).__name__)


def take(items: Iterator[Taken], count: int) -> list[Taken]:
    """Return the next ``count`` items, or as many as there are."""
    found: list[Taken] = []
    while len(found) < count:
        try:
            found.append(next(items))
        except StopIteration:
            break
    return found
