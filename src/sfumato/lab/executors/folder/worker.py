"""A worker of a shared folder: it claims trials, trains each in a subprocess, and writes their outcomes."""

from __future__ import annotations

import pickle
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sfumato import trust
from sfumato.errors import RecipeError
from sfumato.lab.executors.folder import messages
from sfumato.lab.executors.folder.entries import Claim, Entry
from sfumato.lab.executors.folder.exchange import TRIES, Exchange
from sfumato.lab.executors.processes import TrainingProcess
from sfumato.lab.executors.versions import difference
from sfumato.lab.train import Target
from sfumato.lab.trial import Key, Outcome, Trial, failed

POLL_SECONDS = (0.1, 2.0)
"""Shortest and longest pause between looks at the folder."""
TARGETS = 32
"""Pictures that a worker keeps."""
RENEWALS = 6
"""Renewals of a claim within a lease."""

Say = Callable[[str], None]


def work(
    path: Path,
    workers: int,
    *,
    idle: float | None = None,
    stop: Callable[[], bool] = lambda: False,
    say: Say = lambda _text: None,
) -> int:
    """Train trials of a shared folder, ``workers`` at a time, and return how many ended.

    Returns after ``stop`` returns true, or when there was nothing to train for ``idle`` seconds (None: never); trials
    that were training wait again then. Raises RunError for a folder of something else, or one that is not there.
    """
    exchange = Exchange(path)
    exchange.check()
    start = time.monotonic()
    # The driver makes what is in it.
    while not exchange.is_there:
        if stop() or (idle is not None and time.monotonic() - start > idle):
            return 0
        time.sleep(POLL_SECONDS[0])
    crew = _Crew(exchange, idle, stop, say)
    threads = [threading.Thread(target=crew.run, name=f"sfumato-worker-{n}", daemon=True) for n in range(workers)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        try:
            crew.renew_claims()
        except OSError as error:
            crew.errors.append(exchange.cannot_use(error))
        time.sleep(min(0.2, crew.interval))
    if crew.errors:
        raise crew.errors[0]
    return crew.ended


class _Crew:
    """Threads of one process that train, and what they share."""

    def __init__(self, exchange: Exchange, idle: float | None, stop: Callable[[], bool], say: Say) -> None:
        self._exchange, self._idle, self._asked_to_stop, self._say = exchange, idle, stop, say
        self.interval = exchange.lease() / RENEWALS
        self._lock = threading.Lock()
        self._claims: dict[Claim, TrainingProcess | None] = {}
        self._renewed = self._active = time.monotonic()
        self._refused: set[str] = set()
        self._targets: dict[str, Target] = {}
        self.ended = 0
        self.errors: list[Exception] = []

    def run(self) -> None:
        """Claim and train until there is an end."""
        process, pause = None, POLL_SECONDS[0]
        try:
            while not self._stopped():
                claimed = self._claim()
                if claimed is None:
                    if self._idle is not None and time.monotonic() - self._active > self._idle:
                        return
                    time.sleep(pause)
                    pause = min(2 * pause, POLL_SECONDS[1])
                    continue
                pause = POLL_SECONDS[0]
                process = self._train(*claimed, process)
        except OSError as error:
            self.errors.append(self._exchange.cannot_use(error))
        except Exception as error:
            self.errors.append(error)
        finally:
            if process is not None:
                process.end()

    def renew_claims(self) -> None:
        """Renew all claims, if it is time; end trainings whose claims are lost or that are to stop."""
        stopped = self._stopped()
        if not stopped and time.monotonic() - self._renewed < self.interval:
            return
        self._renewed = time.monotonic()
        with self._lock:
            claims = list(self._claims)
        for claim in claims:
            if not stopped and claim.renew():
                self._active = self._renewed
                continue
            with self._lock:
                # Its trial may have ended meanwhile, and its subprocess may be training the next one.
                process = self._claims.get(claim)
                if process is not None:
                    process.end()

    def _stopped(self) -> bool:
        return bool(self.errors) or self._asked_to_stop()

    def _claim(self) -> tuple[Claim, Trial, str, bool] | None:
        with self._lock:
            for entry, data in self._exchange.waiting():
                trial = self._readable(entry, data)
                if trial is not None and (claim := self._exchange.claim(entry)) is not None:
                    self._claims[claim] = None
                    self._active = time.monotonic()
                    return claim, trial, str(data["target"]), data["reports"] is True
        return None

    def _readable(self, entry: Entry, data: Mapping[str, Any]) -> Trial | None:
        """Return the trial if this worker can and may train it; say once for each reason why not."""
        try:
            _target, _reports = data["target"], data["reports"]
            wrong = difference(data["versions"]) if data["layout"] == messages.LAYOUT else "another layout"
            if wrong:
                reason = f"its driver has {wrong}; install that here"
            elif named := [name for name in trust.named_in(data["recipe"]) if name not in trust.allowed()]:
                needed = " ".join(f"--allow {name}" for name in named)
                reason = f"it imports {', '.join(named)}; if you trust that code, start the worker with {needed}"
            else:
                return messages.to_trial(data)
        except (RecipeError, ValueError, KeyError, TypeError, AttributeError) as error:
            reason = f"it is damaged: {type(error).__name__}: {error}"
        if reason not in self._refused:
            self._refused.add(reason)
            self._say(f"trial {entry.name} is left to other workers: {reason}.")
        return None

    def _train(
        self, claim: Claim, trial: Trial, target: str, reports: bool, process: TrainingProcess | None
    ) -> TrainingProcess | None:
        """Train a claimed trial; return the subprocess for the next one, or None where it has ended."""
        name = claim.entry.name

        def report(_key: Key, point: Mapping[str, Any], passed: int) -> bool:
            return self._exchange.report(name, [dict(point), passed])

        try:
            if process is None:
                process = TrainingProcess()
                process.wait_until_ready()
            with self._lock:
                self._claims[claim] = process
            # The claim may have been lost since it was renewed last.
            if not claim.renew():
                return process
            self._finish(claim, process.train(trial, self._target(target), report if reports else None))
        except (EOFError, OSError, pickle.UnpicklingError):
            # It died, or was ended because the claim is lost, or because this worker stops.
            assert process is not None, "only it can have ended"
            reason = process.describe_end()
            if self._stopped():
                self._exchange.give_back(claim)
            elif claim.renew() and not self._exchange.try_again(claim):
                self._finish(claim, failed(trial.key, f"{TRIES} times {reason}"))
            return None
        except _TargetError as error:
            self._finish(claim, failed(trial.key, str(error)))
        finally:
            with self._lock:
                self._claims.pop(claim, None)
        return process

    def _finish(self, claim: Claim, outcome: Outcome) -> None:
        with self._lock:
            # A claim that has ended must not pass for one that was lost.
            self._claims.pop(claim, None)
        self._exchange.finish(claim, messages.of_outcome(outcome))
        with self._lock:
            self.ended += 1
            self._active = time.monotonic()

    def _target(self, name: str) -> Target:
        with self._lock:
            if name not in self._targets:
                try:
                    target = messages.to_target(self._exchange.target(name))
                except (OSError, ValueError) as error:
                    raise _TargetError(f"its target cannot be read: {error}") from None
                # The oldest goes; the same object is not sent to a subprocess twice.
                while len(self._targets) >= TARGETS:
                    del self._targets[next(iter(self._targets))]
                self._targets[name] = target
            return self._targets[name]


class _TargetError(Exception):
    """A target is missing or damaged; its argument is the reason."""
