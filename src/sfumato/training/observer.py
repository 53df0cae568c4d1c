"""Observers of a training: files, displays, loggers. Each declares an overhead, which is enforced."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from sfumato.errors import SfumatoError
from sfumato.process_state import unscoped
from sfumato.recipe import Recipe
from sfumato.training.overhead import Overhead, OverheadBudget
from sfumato.training.problem import Problem
from sfumato.training.snapshot import Snapshot

S = TypeVar("S", bound=Snapshot, contravariant=True)


@dataclass(frozen=True)
class Start:
    """Argument of `Observer.begin`, before the first snapshot."""

    recipe: Recipe
    """The resolved recipe, without any ``auto``."""
    problem: Problem[Any]
    """For a picture, a `PictureProblem`, whose ``picture`` is (H, W, C) as trained on."""
    folder: Path | None
    """The run's folder; None if the training writes none."""
    step: int | None = None
    """The step from which an earlier run resumes; None for a new run."""


class Observer(Generic[S]):
    """Base class of observers of one training. Override what is needed; an exception ends the run as failed.

    The order of calls: `begin`; `observe` for snapshots, about ten per second, and `stage` during long work; `finish`,
    after everything else is written, however the training ended.
    """

    name: str = ""
    """The name of its account of seconds in run.json; by default the name of the class."""
    overhead: Overhead = Overhead(share=0.01)
    """The overhead that `observe` may cause. Snapshots are left out while it is spent, but never the first and last."""

    def begin(self, start: Start) -> None:
        """Prepare for a training."""

    def due(self, snapshot: S) -> bool:
        """Return whether to observe this snapshot. It is called whenever the overhead allows, and must be fast."""
        return True

    def observe(self, snapshot: S) -> None:
        """Process a snapshot."""

    def stage(self, name: str, done: int, total: int) -> None:
        """Process the progress of a long evaluation, or of rendering the film."""

    def finish(self, status: str) -> None:
        """Finish; ``status`` is ``done``, ``stopped``, ``diverged`` or ``failed``."""


class Function(Observer[Any]):
    """Observer that calls a function with every snapshot, with unlimited overhead."""

    name = "function"
    overhead = Overhead.unlimited()

    def __init__(self, function: Callable[[Any], object]) -> None:
        self._function = function

    def observe(self, snapshot: Any) -> None:
        """Call the function."""
        self._function(snapshot)


class Observers(Generic[S]):
    """A list of observers that is called like one observer."""

    def __init__(
        self, builtin: Iterable[Observer[S]], budget: OverheadBudget, custom: Sequence[Observer[S]] = ()
    ) -> None:
        """Take the budget of the training; ``custom`` observers run with the settings of the caller's process."""
        self._budget = budget
        self._all: list[tuple[str, Observer[S], Callable[..., Callable[..., Any]]]] = []
        names: set[str] = set()
        for each, scope in [(one, functools.partial) for one in builtin] + [(one, unscoped) for one in custom]:
            base = each.name or type(each).__name__
            name = next(name for name in _numbered(base) if name not in names)
            names.add(name)
            self._all.append((name, each, scope))
            if each.overhead.with_evaluations:
                budget.evaluation_accounts.append(name)

    def begin(self, start: Start) -> None:
        """Call `begin` of all observers."""
        for _, each, scope in self._all:
            scope(each.begin)(start)

    def observe(self, snapshot: S) -> None:
        """Call `observe` of all observers that are due and whose overhead allows it."""
        always = not self._budget.under_way
        for name, each, scope in self._all:
            if (always or self._budget.can_afford(each.overhead, name)) and scope(each.due)(snapshot):
                with self._budget.measure(name):
                    scope(each.observe)(snapshot)

    def stage(self, name: str, done: int, total: int) -> None:
        """Call `stage` of all observers."""
        for _, each, scope in self._all:
            scope(each.stage)(name, done, total)

    def finish(self, status: str) -> None:
        """Call `finish` of all observers, even if some of them raise exceptions."""
        with ExitStack() as stack:
            # An ExitStack calls the last callback first.
            for _, each, scope in reversed(self._all):
                stack.callback(scope(each.finish), status)


def observers_of(given: Iterable[Any]) -> list[Observer[Any]]:
    """Return the given objects as observers: instances of `Observer`, or functions of a snapshot.

    Raise SfumatoError for anything else.
    """
    found: list[Observer[Any]] = []
    for each in given:
        if isinstance(each, Observer):
            found.append(each)
        elif callable(each):
            found.append(Function(each))
        else:
            raise SfumatoError(
                "observers must be objects of a class derived from sfumato.Observer, or functions that take a "
                f"snapshot. Got {type(each).__name__}."
            )
    return found


def _numbered(name: str) -> Iterable[str]:
    yield name
    number = 2
    while True:
        yield f"{name} {number}"
        number += 1
