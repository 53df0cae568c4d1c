"""What executors cost: milliseconds per trial, throughput of two nodes over one, and the load of 10,000 trials.

    python benchmarks/executors.py [--trials 10000] [--rounds 3] [--part overhead|nodes|many] [--shared]
        [--write]

- ``overhead``: trials that train nothing (one step of a tiny network) through every executor of one core; the time per
  trial beyond that of training it here.
- ``nodes``: trials of a second or two on Ray clusters with one and with two nodes of one core, alternating, and on one
  and two threads of this process; the ratios of trials per second. That of threads is what the machine allows. Every
  node is kept on a core of its own, as a machine with one core would be, and so are the head and this driver: on that
  of the first node. ``--shared`` lets all of them use both cores, where a cluster of one node has its head and driver
  on a core that is idle otherwise.
- ``many``: trials that do nothing, whose outcomes have the size of real ones, on a Ray cluster with two nodes, written
  to an experiment's folder as they come: what the head's processes and the driver use, and the bytes.

``--write`` replaces benchmarks/results/executors.json.
"""

from __future__ import annotations

import argparse
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import hardware
import numpy as np
import results_file
from numpy.typing import NDArray

from sfumato.lab.arms import Picture
from sfumato.lab.compare import paired_seeds, plan_of
from sfumato.lab.executors.executor import Executor
from sfumato.lab.executors.folder.executor import FolderExecutor
from sfumato.lab.executors.processes import Processes
from sfumato.lab.executors.ray_cluster import RayExecutor
from sfumato.lab.executors.threads import Threads
from sfumato.lab.experiment import trials
from sfumato.lab.folder import Folder
from sfumato.lab.plan import Plan
from sfumato.lab.train import train
from sfumato.lab.trial import Outcome, Trial, identity
from sfumato.recipe import Recipe, changed

SIDE = 96
"""Pixels of the picture's sides."""


def picture() -> NDArray[np.float32]:
    """Return a smooth picture (H, W, 3)."""
    rows, columns = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    return np.stack([rows, columns, rows * columns], axis=2).astype(np.float32)


def plan(changes: Mapping[str, Any]) -> Plan:
    """Return a plan of two arms, on as many seeds as there may be."""
    base = changed(Recipe(), {"training": {"optimizer": "adam", "batch": 256}, **changes})
    arms = {"a": base, "b": changed(base, {"model": {"activation": "relu"}})}
    return plan_of(arms, [Picture("synthetic", picture())], seeds=len(paired_seeds(1000)), tune=False)


def repeated(some: list[Trial], count: int) -> Iterator[Trial]:
    """Yield that many different trials."""
    for number in range(count):
        one = some[number % len(some)]
        yield replace(one, key=replace(one.key, picture=0, seed=number), frames=None, marks=())


def timed(
    executor: Executor, some: Iterator[Trial], write: Callable[[Outcome], None] = lambda _outcome: None
) -> tuple[float, int]:
    """Return the seconds from the first outcome to the last, and the number of outcomes in that time.

    ``write`` is called with each.
    """
    found = executor(some, (picture(),), lambda: False)
    first = next(found)
    start, count = time.perf_counter(), 0
    assert first.row["status"] == "finished", first.row
    for outcome in found:
        assert outcome.row["status"] == "finished", outcome.row
        write(outcome)
        count += 1
    return time.perf_counter() - start, count


def overhead(count: int, rounds: int) -> dict[str, Any]:
    """Measure the milliseconds per trial of each executor beyond the training, with one worker each."""
    tiny = trials(plan({"model": {"depth": 1, "width": 8}, "budget": {"steps": 1}}), {})
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder, Processes(1) as processes, RayExecutor("local", workers=1) as ray:
        shared = Path(folder) / "shared"
        shared.mkdir()
        worker = subprocess.Popen([sys.executable, "-m", "sfumato", "worker", str(shared), "--workers", "1"])
        executors: dict[str, Executor] = {
            "threads": Threads(1), "processes": processes, "ray": ray, "folder": FolderExecutor(shared),
        }  # fmt: skip
        try:
            for executor in executors.values():
                timed(executor, repeated(tiny, 5))
            for _ in range(rounds):
                start = time.perf_counter()
                for trial in repeated(tiny, count):
                    train(trial, picture())
                found.setdefault("training alone", []).append((time.perf_counter() - start) / count)
                for name, executor in executors.items():
                    seconds, ended = timed(executor, repeated(tiny, count))
                    found.setdefault(name, []).append(seconds / ended)
        finally:
            worker.terminate()
            worker.wait()
    alone = statistics.median(found.pop("training alone"))
    return {
        "trials": count,
        "rounds": rounds,
        "training_alone_ms": 1000 * alone,
        "overhead_ms": {name: 1000 * (statistics.median(each) - alone) for name, each in found.items()},
    }


@contextmanager
def on_cores(cores: set[int]) -> Iterator[None]:
    """Keep this process, and those that it starts, on some cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def nodes(rounds: int, *, shared: bool, count: int = 16) -> dict[str, Any]:
    """Measure the trials per second of two nodes of one core over one, alternating."""
    from ray.cluster_utils import Cluster

    some = trials(plan({"model": {"depth": 4, "width": 128}, "budget": {"epochs": 30}}), {})
    rates: dict[int, list[float]] = {1: [], 2: []}
    of_threads: dict[int, list[float]] = {1: [], 2: []}
    every = os.sched_getaffinity(0)
    first, other = (every, every) if shared else ({min(every)}, {max(every)})
    with on_cores(first):
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        with on_cores(first):
            cluster.add_node(num_cpus=1)
        for _ in range(rounds):
            for number in rates:
                with on_cores(other):
                    second = cluster.add_node(num_cpus=1) if number == 2 else None
                with on_cores(first), RayExecutor(str(cluster.address)) as ray:
                    # Every node has its worker, with everything imported and compiled.
                    list(ray(repeated(some, 2 * number), (picture(),), lambda: False))
                    # All of them, from when they are sent: an even number leaves no node waiting for the other.
                    start = time.perf_counter()
                    ended = len(list(ray(repeated(some, count), (picture(),), lambda: False)))
                rates[number].append(ended / (time.perf_counter() - start))
                start = time.perf_counter()
                ended = len(list(Threads(number)(repeated(some, count), (picture(),), lambda: False)))
                of_threads[number].append(ended / (time.perf_counter() - start))
                print(
                    f"{number}: Ray {rates[number][-1]:.3f}, threads {of_threads[number][-1]:.3f} trials/s", flush=True
                )
                if second is not None:
                    cluster.remove_node(second, allow_graceful=True)
    finally:
        cluster.shutdown()
    return {
        "trials": count,
        "rounds": rounds,
        "trials_per_second": {str(number): each for number, each in rates.items()},
        "shared_cores": shared,
        "ratio": _ratio(rates),
        "ratio_of_threads": _ratio(of_threads),
    }


def _ratio(rates: Mapping[int, Sequence[float]]) -> float:
    return statistics.median(two / one for one, two in zip(rates[1], rates[2], strict=True))


WEIGHTS = {f"{number}": np.zeros((300, 300), np.float32) for number in range(3)}
"""About the weights of the default network, 4 x 300."""


def nothing(trial: Trial, _target: Any, **_: Any) -> Outcome:
    """Return an outcome of the size of a real one."""
    row = {**identity(trial.key), "status": "finished", "psnr": 20.0, "curve": [{"psnr": 1.0, "epoch": 2.0}] * 12}
    return Outcome(trial.key, row, WEIGHTS, (), None)


def many(count: int) -> dict[str, Any]:
    """Measure the load of that many trials on the head of a cluster and on the driver."""
    from ray.cluster_utils import Cluster

    some = list(islice(trials(plan({"model": {"depth": 4, "width": 300}, "budget": {"epochs": 20}}), {}), 100))
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        for _ in range(2):
            cluster.add_node(num_cpus=1)
        with tempfile.TemporaryDirectory() as path, RayExecutor(str(cluster.address), train=nothing) as ray:
            folder = Folder(Path(path))

            def write(outcome: Outcome) -> None:
                folder.write(outcome, 0)
                # Ten gigabytes of weights would have no place everywhere.
                folder.weights_file(outcome.key, 0).unlink()

            timed(ray, repeated(some, 20))
            head = _processes("gcs_server")
            before, driver = [_usage(each) for each in head], time.process_time()
            seconds, ended = timed(ray, repeated(some, count), write)
            used = sum(_usage(each)[0] - old[0] for each, old in zip(head, before, strict=True))
            driver = time.process_time() - driver
            memory = sum(_usage(each)[1] for each in head)
            grown = memory - sum(old[1] for old in before)
    finally:
        cluster.shutdown()
    outcome = nothing(some[0], None)
    return {
        "trials": count,
        "seconds": seconds,
        "ms_per_trial": 1000 * seconds / ended,
        "driver_cpu_ms_per_trial": 1000 * driver / ended,
        "head_cpu_ms_per_trial": 1000 * used / ended,
        "head_memory_mb": memory,
        "head_memory_grown_mb": grown,
        "bytes": {
            "trial": len(pickle.dumps(some[0])),
            "row": len(pickle.dumps(outcome.row)),
            "weights": sum(value.nbytes for value in WEIGHTS.values()),
            "picture": picture().nbytes,
        },
    }


def _processes(name: str) -> list[int]:
    found = [path for path in Path("/proc").glob("[0-9]*/comm") if path.read_text().strip() == name]
    return [int(path.parent.name) for path in found]


def _usage(process: int) -> tuple[float, float]:
    """Return a process's seconds of processor time and megabytes of memory."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    ticks, pages = int(fields[11]) + int(fields[12]), int(fields[21])
    return ticks / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    """Measure, and print the results."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--small", type=int, default=100, help="trials of the part overhead")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--part", choices=("overhead", "nodes", "many"))
    parser.add_argument("--shared", action="store_true", help="nodes share the cores")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    parts = {
        "overhead": lambda: overhead(arguments.small, arguments.rounds),
        "nodes": lambda: nodes(arguments.rounds, shared=arguments.shared),
        "many": lambda: many(arguments.trials),
    }
    found: dict[str, Any] = {}
    for name, part in parts.items():
        if arguments.part in (None, name):
            row = "nodes on shared cores" if name == "nodes" and arguments.shared else name
            found[row] = {**part(), **hardware.circumstances("ray")}
            print(row, {key: value for key, value in found[row].items() if key not in ("hardware", "versions")})
    if arguments.write:
        print(results_file.merge("executors", found))


if __name__ == "__main__":
    main()
