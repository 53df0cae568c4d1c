"""An executor that trains trials as tasks of a Ray cluster: one that exists, or one that it starts on this machine.

Ray is the extra ``cluster``. See its documentation for starting clusters: https://docs.ray.io.
"""

from __future__ import annotations

import math
import socket
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from sfumato import trust
from sfumato.errors import RunError
from sfumato.lab.digits.data import Digits
from sfumato.lab.executors.executor import Stop, take
from sfumato.lab.executors.process_messages import Start
from sfumato.lab.executors.ray_connection import CONNECT_SECONDS, connect, line_of, load_ray, no_cluster
from sfumato.lab.executors.ray_task import Setting, report_hub, train_trial
from sfumato.lab.train import Learned, Report
from sfumato.lab.trial import Key, Outcome, Trial, failed

RETRIES = 3
"""Times that a trial is trained again after its worker or its node was lost."""

AHEAD = 2
"""Trials sent per core of the cluster: one that trains, and one that is there when that one ends."""

COUNT_SECONDS = 5.0
"""Seconds between countings of the cluster's cores: nodes may come and go."""

POLL_SECONDS = 0.1


class RayExecutor:
    """An executor that trains each trial as a task of a Ray cluster, on one core.

    As a context manager it connects once; otherwise every call connects and disconnects. A program that is connected
    already stays so. Trials whose worker or node is lost are trained again, at most `RETRIES` times.
    """

    name = "ray"

    def __init__(
        self,
        address: str = "auto",
        *,
        workers: int = 0,
        runtime_env: Mapping[str, Any] | None = None,
        train: Callable[..., Outcome] | None = None,
    ) -> None:
        """Prepare to connect.

        ``address``: ``host:port`` of a cluster that exists; ``local`` starts one on this machine; ``auto`` takes the
        one that ``RAY_ADDRESS`` names or that runs on this machine, else it starts one. ``workers``: trials at a time
        (0: one per core). ``runtime_env``: Ray's description of what nodes need, such as ``{"working_dir": "."}``.
        ``train`` replaces the training, for measuring.
        """
        self._address, self._workers = address, workers
        self._runtime_env = None if runtime_env is None else dict(runtime_env)
        self._train = train
        self._connected = 0
        self._disconnect: Callable[[], None] | None = None

    def check(self) -> None:
        """Raise SfumatoError without Ray, and RunError if nothing listens at the address: Ray would try for minutes."""
        load_ray()
        if self._address in ("auto", "local") or "://" in self._address:
            return
        host, separator, port = self._address.rpartition(":")
        try:
            if not separator or not port.isdigit():
                raise ValueError("an address is HOST:PORT")
            socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
        except (OSError, ValueError, OverflowError) as error:
            raise no_cluster(self._address, error) from None

    def __enter__(self) -> Self:
        if self._connected == 0:
            self.check()
            self._disconnect = connect(self._address, self._workers, self._runtime_env)
        self._connected += 1
        return self

    def __exit__(self, *_: object) -> None:
        self._connected -= 1
        if self._connected == 0 and self._disconnect is not None:
            self._disconnect()
            self._disconnect = None

    def __call__(
        self, trials: Iterable[Trial], learned: Learned, stop: Stop, /, report: Report | None = None
    ) -> Iterator[Outcome]:
        """Train as `ReportingExecutor` describes. Raises RunError when the cluster is lost."""
        with self:
            yield from _Call(load_ray(), self._workers, self._train, learned, report).outcomes(trials, stop)


class _Call:
    """One series of trials, on a cluster that this process is connected to."""

    def __init__(
        self,
        ray: Any,
        workers: int,
        train: Callable[..., Outcome] | None,
        learned: Learned,
        report: Report | None,
    ) -> None:
        self._ray, self._workers, self._report = ray, workers, report
        # Every target once, in the object store, from where each node takes those that it needs.
        self._targets = [ray.put(learned)] if isinstance(learned, Digits) else [ray.put(each) for each in learned]
        self._setting = ray.put(Setting.here(Start((*sys.path, str(Path.cwd())), tuple(trust.allowed())), train))
        self._hub = None if report is None else report_hub(ray)
        self._task = ray.remote(num_cpus=1, max_retries=RETRIES, max_calls=0)(train_trial)
        self._pending: dict[Any, Key] = {}
        self._counted, self._cores = -math.inf, 1

    def outcomes(self, trials: Iterable[Trial], stop: Stop) -> Iterator[Outcome]:
        """Yield the outcomes."""
        waiting = iter(trials)
        try:
            while not stop():
                for trial in take(waiting, self._room()):
                    self._pending[self._submit(trial)] = trial.key
                if not self._pending:
                    return
                done, _ = self._ray.wait(list(self._pending), timeout=POLL_SECONDS)
                self._pass_reports_on()
                for reference in done:
                    yield self._outcome(reference, self._pending.pop(reference))
        except (self._ray.exceptions.RaySystemError, ConnectionError) as error:
            raise RunError(f"the Ray cluster is lost: {line_of(error)} Run the same again to continue.") from None
        finally:
            for reference in self._pending:
                # Trials that are still training are not needed any more.
                self._ray.cancel(reference, force=True)
            if self._hub is not None:
                self._ray.kill(self._hub)

    def _room(self) -> int:
        if time.monotonic() - self._counted > COUNT_SECONDS:
            self._counted = time.monotonic()
            self._cores = max(1, int(self._ray.cluster_resources().get("CPU", 1)))
        most = self._workers or self._cores * AHEAD
        return most - len(self._pending)

    def _submit(self, trial: Trial) -> Any:
        number = 0 if len(self._targets) == 1 else trial.key.picture
        key = trial.key
        name = f"{key.purpose} {key.arm} picture {key.picture} seed {key.seed}"
        return self._task.options(name=name).remote(self._setting, trial, self._targets[number], self._hub)

    def _outcome(self, reference: Any, key: Key) -> Outcome:
        exceptions = self._ray.exceptions
        try:
            return self._ray.get(reference)
        except exceptions.RayTaskError as error:
            # Training turns its errors into outcomes, so this is one of the node: another version, say.
            raise RunError(f"a node of the Ray cluster cannot train: {line_of(error.cause)}") from None
        except (
            exceptions.WorkerCrashedError,
            exceptions.NodeDiedError,
            exceptions.OutOfMemoryError,
            exceptions.ObjectLostError,
            exceptions.RuntimeEnvSetupError,
        ) as error:
            return failed(key, f"its worker was lost {RETRIES + 1} times ({type(error).__name__}): {line_of(error)}")

    def _pass_reports_on(self) -> None:
        if self._hub is None or self._report is None:
            return
        for key, point, passed in self._ray.get(self._hub.take.remote()):
            if self._report(key, point, passed):
                self._hub.prune.remote(key)
