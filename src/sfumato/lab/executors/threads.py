"""An executor that trains trials in threads of this process: for compiled engines, which do not wait for each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

import torch

from sfumato.lab.executors.executor import Stop, take
from sfumato.lab.train import Learned, Report, target_of, train
from sfumato.lab.trial import InterruptedTrialError, Outcome, Trial


class Threads:
    """An executor that trains trials in threads of this process, one trial per thread."""

    def __init__(self, workers: int, name: str = "threads") -> None:
        self._workers = workers
        self.name = name

    def __call__(
        self, trials: Iterable[Trial], learned: Learned, stop: Stop, /, report: Report | None = None
    ) -> Iterator[Outcome]:
        """Train as `ReportingExecutor` describes."""
        left = False
        waiting = iter(trials)
        pool = ThreadPoolExecutor(self._workers, "sfumato-lab", initializer=torch.set_num_threads, initargs=(1,))

        def start(trial: Trial) -> Future[Outcome]:
            return pool.submit(train, trial, target_of(trial, learned), lambda: left or stop(), report)

        try:
            futures = {start(trial) for trial in take(waiting, self._workers)}
            while futures:
                done, futures = wait(futures, return_when=FIRST_COMPLETED)
                for future in done:
                    try:
                        yield future.result()
                    except InterruptedTrialError:
                        return
                if not stop():
                    futures |= {start(trial) for trial in take(waiting, self._workers - len(futures))}
        finally:
            left = True
            pool.shutdown(cancel_futures=True)
