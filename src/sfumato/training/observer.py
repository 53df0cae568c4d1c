"""Whatever watches a training: files, displays, loggers. Each says what it may cost, and is held to it."""

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
    """What an observer is told before the first snapshot."""

    recipe: Recipe
    """Resolved: nothing in it is ``auto`` any more."""
    problem: Problem[Any]
    """Of a picture, a `PictureProblem`: its ``picture`` is (H, W, C) as trained on."""
    folder: Path | None
    """The run's folder; None where a training writes none."""
    step: int | None = None
    """The step from which an earlier run is resumed; None for a new one."""


class Observer(Generic[S]):
    """Watches one training. Override what is needed; exceptions end the training as a failed run.

    The order of calls: `begin`; `observe` for snapshots, about ten a second, and `stage` during long work; `finish`,
    once everything else is written, however training ended.
    """

    name: str = ""
    """The account of its seconds in run.json; by default the class's name."""
    overhead: Overhead = Overhead(share=0.01)
    """What `observe` may take of the training time. Snapshots come without it while it is spent; the first and the last
    always come."""

    def begin(self, start: Start) -> None:
        """Prepare for a training."""

    def due(self, snapshot: S) -> bool:
        """Return whether this snapshot is wanted: asked when it can be afforded, and to be answered at once."""
        return True

    def observe(self, snapshot: S) -> None:
        """Look at a snapshot; see `Snapshot` for what can be asked of it."""

    def stage(self, name: str, done: int, total: int) -> None:
        """Be told how far a long evaluation is, or the making of the film."""

    def finish(self, status: str) -> None:
        """End: ``done``, ``stopped``, ``diverged`` or ``failed``."""


class Function(Observer[Any]):
    """Calls a function with every snapshot, whatever it costs."""

    name = "function"
    overhead = Overhead.unlimited()

    def __init__(self, function: Callable[[Any], object]) -> None:
        self._function = function

    def observe(self, snapshot: Any) -> None:
        """Call it."""
        self._function(snapshot)


class Observers(Generic[S]):
    """Several observers as one."""

    def __init__(
        self, ours: Iterable[Observer[S]], budget: OverheadBudget, callers: Sequence[Observer[S]] = ()
    ) -> None:
        """``budget``: that of the training. ``callers``: those that run with the settings of the caller's process."""
        self._budget = budget
        self._all: list[tuple[str, Observer[S], Callable[..., Callable[..., Any]]]] = []
        names: set[str] = set()
        for each, scope in [(one, _as_it_is) for one in ours] + [(one, unscoped) for one in callers]:
            wanted = each.name or type(each).__name__
            name = next(name for name in _numbered(wanted) if name not in names)
            names.add(name)
            self._all.append((name, each, scope))
            if each.overhead.with_evaluations:
                budget.evaluation_accounts.append(name)

    def begin(self, start: Start) -> None:
        """Tell all that training begins."""
        for _, each, scope in self._all:
            scope(each.begin)(start)

    def observe(self, snapshot: S) -> None:
        """Show the snapshot to all that want it and can afford it."""
        bound = not self._budget.under_way
        for name, each, scope in self._all:
            if (bound or self._budget.can_afford(each.overhead, name)) and scope(each.due)(snapshot):
                with self._budget.measure(name):
                    scope(each.observe)(snapshot)

    def stage(self, name: str, done: int, total: int) -> None:
        """Tell all how far long work is."""
        for _, each, scope in self._all:
            scope(each.stage)(name, done, total)

    def finish(self, status: str) -> None:
        """Tell all that training is over; what one raises keeps none of the others from it."""
        with ExitStack() as stack:
            # A stack is undone from its top.
            for _, each, scope in reversed(self._all):
                stack.callback(scope(each.finish), status)


def observers_of(given: Iterable[Any]) -> list[Observer[Any]]:
    """Return what a caller gave as observers: objects with begin, observe and finish, or functions of a snapshot.

    Raises SfumatoError for anything else.
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


def _as_it_is(function: Callable[..., Any]) -> Callable[..., Any]:
    return functools.partial(function)
