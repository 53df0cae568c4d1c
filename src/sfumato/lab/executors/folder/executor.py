"""An executor that lets workers on other machines train, through a folder that they share with this one."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sfumato.errors import RunError
from sfumato.lab.digits.data import Digits
from sfumato.lab.executors.executor import Stop, take
from sfumato.lab.executors.folder import messages
from sfumato.lab.executors.folder.entries import Entry
from sfumato.lab.executors.folder.exchange import LEASE_SECONDS, TRIES, Exchange
from sfumato.lab.executors.versions import versions
from sfumato.lab.train import Learned, Report
from sfumato.lab.trial import Outcome, Trial, failed
from sfumato.log import LOG

AHEAD = 2
"""Trials that wait per trial that is claimed."""
FEWEST_AHEAD = 16

POLL_SECONDS = (0.02, 0.5)
"""Shortest and longest pause between looks at the folder."""
RECONCILE_SECONDS = 2.0
"""Seconds between looks at leases, and for trials that have vanished."""
PATIENCE_SECONDS = 10.0
"""Seconds without any worker after which a line says so."""
REMINDER_SECONDS = 600.0
"""Seconds after which it says so again."""


@dataclass
class _Pending:
    trial: Trial
    entry: Entry
    data: bytes
    read: int = 0
    """Bytes of its reports that were read."""
    ended: bool = False
    missing: bool = False
    """Whether the last look did not find it."""


class FolderExecutor:
    """An executor that writes trials to a folder, from which ``sfumato worker`` takes them, and waits for outcomes.

    A worker that dies loses its trial after ``lease`` seconds, and another one trains it. A driver that dies finds the
    outcomes of meanwhile in the folder. Any file system will do on which a rename is atomic and soon seen elsewhere.
    """

    name = "folder"

    def __init__(self, path: Path | str, *, workers: int = 0, lease: float = LEASE_SECONDS) -> None:
        """Name the folder, which must exist; ``workers``: trials at a time (0: as many as are taken)."""
        self._exchange = Exchange(Path(path))
        self._workers, self._lease = workers, lease

    def check(self) -> None:
        """Raise RunError if the folder is missing or something else."""
        self._exchange.check()

    def __call__(
        self, trials: Iterable[Trial], learned: Learned, stop: Stop, /, report: Report | None = None
    ) -> Iterator[Outcome]:
        """Train as `ReportingExecutor` describes. Raises RunError when the folder cannot be written."""
        self._exchange.create(self._lease)
        targets = [learned] if isinstance(learned, Digits) else list(learned)
        names = [self._exchange.add_target(messages.of_target(target)) for target in targets]
        call = _Call(self._exchange, names, self._workers, report)
        try:
            yield from call.outcomes(trials, stop)
        except OSError as error:
            raise self._exchange.cannot_use(error) from error


class _Call:
    """One series of trials."""

    def __init__(self, exchange: Exchange, targets: list[str], workers: int, report: Report | None) -> None:
        self._exchange, self._targets, self._workers, self._report = exchange, targets, workers, report
        self._lease = exchange.lease()
        self._versions = versions()
        self._pending: dict[str, _Pending] = {}
        self._number = time.time_ns() // 1_000_000_000 % 1_000_000 * 1_000
        self._claimed = 0
        self._looked = -1e9
        self._tell_at = time.monotonic() + PATIENCE_SECONDS

    def outcomes(self, trials: Iterable[Trial], stop: Stop) -> Iterator[Outcome]:
        """Yield the outcomes."""
        waiting, pause = iter(trials), POLL_SECONDS[0]
        try:
            while not stop():
                self._add(take(waiting, self._room()))
                if not self._pending:
                    return
                found = self._collect()
                # The outcomes stay in the folder until the caller has written them: then they cannot be lost.
                for name, outcome in found:
                    yield outcome
                    self._exchange.forget({name})
                    self._tell_at = time.monotonic() + PATIENCE_SECONDS
                heard = [name for name, each in self._pending.items() if self._pass_reports_on(name, each)]
                if time.monotonic() - self._looked > RECONCILE_SECONDS:
                    yield from self._reconcile()
                # Where there are reports, a trial that is to end early should not have to wait for it.
                pause = POLL_SECONDS[0] if found or heard else min(2 * pause, POLL_SECONDS[1])
                time.sleep(0 if found else pause)
        finally:
            with suppress(RunError, OSError):
                self._exchange.forget(self._pending.keys())

    def _room(self) -> int:
        most = self._workers or max(FEWEST_AHEAD, AHEAD * self._claimed)
        return most - len(self._pending)

    def _add(self, trials: Sequence[Trial]) -> None:
        if not trials:
            return
        # A driver that was killed may have left some, even with their outcomes.
        known = self._exchange.outcomes() | self._exchange.entries().keys()
        for trial in trials:
            target = self._targets[0 if len(self._targets) == 1 else trial.key.picture]
            data = messages.of_trial(trial, target, self._versions, reports=self._report is not None)
            self._number += 1
            entry = Entry(self._number, messages.name_of(data), 0)
            self._pending[entry.name] = _Pending(trial, entry, data)
            if entry.name not in known:
                self._exchange.add(entry, data)

    def _collect(self) -> list[tuple[str, Outcome]]:
        found: list[tuple[str, Outcome]] = []
        for name in self._exchange.outcomes() & self._pending.keys():
            each = self._pending[name]
            try:
                outcome = messages.to_outcome(self._exchange.outcome(name), each.trial.key)
            except (OSError, ValueError):
                # Damaged: the trial has vanished with it, and is written again.
                self._exchange.forget({name})
                continue
            # Points that it reported since the last look.
            self._pass_reports_on(name, each)
            found.append((name, outcome))
            del self._pending[name]
        return found

    def _pass_reports_on(self, name: str, each: _Pending) -> bool:
        """Pass on the points that its worker wrote since the last look; return whether there were any."""
        if self._report is None:
            return False
        points, each.read = self._exchange.reports(name, each.read)
        for point, passed in points:
            if self._report(each.trial.key, point, passed) and not each.ended:
                each.ended = True
                self._exchange.end_early(name)
        return bool(points)

    def _reconcile(self) -> Iterator[Outcome]:
        """Take back what lost workers had, write again what has vanished; yield what was lost too often."""
        self._looked = time.monotonic()
        for entry in self._exchange.take_back(self._lease, self._pending.keys()):
            lost = self._pending.pop(entry.name, None)
            if lost is not None:
                yield failed(lost.trial.key, f"its worker was lost {TRIES} times.")
        there, done = self._exchange.entries(), self._exchange.outcomes()
        self._claimed = self._exchange.count_claimed(self._lease)
        for name, each in self._pending.items():
            vanished = name not in there and name not in done
            if vanished and each.missing:
                self._exchange.add(each.entry, each.data)
            each.missing = vanished and not each.missing
        self._tell_if_nobody_works()

    def _tell_if_nobody_works(self) -> None:
        """Say once in a while that trials wait for a worker: none has come, or those that were there are gone."""
        if self._claimed:
            self._tell_at = time.monotonic() + PATIENCE_SECONDS
        elif time.monotonic() > self._tell_at:
            self._tell_at = time.monotonic() + REMINDER_SECONDS
            LOG.info(
                "%s in %s, and no worker trains them: start one on any machine that sees the folder (sfumato worker "
                "%s), or see what those there say.",
                "1 trial waits" if len(self._pending) == 1 else f"{len(self._pending):,} trials wait",
                self._exchange.path,
                shlex.quote(str(self._exchange.path)),
            )
