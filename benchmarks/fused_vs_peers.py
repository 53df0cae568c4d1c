"""The speed of the fused engine against PyTorch eager, torch.compile and JAX: same weights, samples and losses.

    python benchmarks/fused_vs_peers.py [4x300 "batch 64" ...] [--rounds 11] [--threads 1 2] [--write]

Every side is a process of its own, on the same cores, and they alternate. A round is some steps of plain SGD from the
initial weights; all sides get encoded inputs (Fourier features too) and gather each step's samples themselves. A side
whose losses differ by more than rounding gets no ratio, and the exit status is 1. A side that is missing, or cannot
compile, is left out by name.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

import hardware
import peers
import results_file
from agreement import disagreement
from alternation import Quartiles, alternate, quartiles, ratios
from settings import SETTINGS
from worker import AbsentError, Trainer, Worker

NAME = "fused_vs_peers"
OPERATIONS = 30e9
"""Operations per round: one to four tenths of a second."""

Key = tuple[str, int]
"""A side and its number of threads."""


class Measured(NamedTuple):
    """The measurements of one setting."""

    seconds: dict[Key, list[float]]
    """Seconds of each round, for the sides whose losses agree."""
    absent: dict[str, str]
    refused: dict[str, str]


def measure(setting: str, workers: Mapping[Key, Trainer], rounds: int, steps: int) -> Measured:
    """Time all sides alternately; the first round warms up and does not count."""
    absent: dict[str, str] = {}
    losses: dict[str, list[float]] = {}
    ready: dict[Key, Trainer] = {}
    for key, worker in workers.items():
        try:
            worker.prepare(setting)
            worker.train(setting, 0, steps)
            ready[key] = worker
        except AbsentError as reason:
            absent[label(key)] = str(reason)

    def turn(key: Key, number: int) -> float:
        seconds, loss = ready[key].train(setting, number, steps)
        losses.setdefault(label(key), []).append(loss)
        return seconds

    turns = {label(key): (lambda number, key=key: turn(key, number)) for key in ready}
    seconds = alternate(turns, rounds)
    reference = label(next(key for key in ready if key[0] == "fused"))
    refused: dict[str, str] = {}
    for number in range(rounds):
        refused |= disagreement({name: values[number] for name, values in losses.items()}, reference)
    agreed = {key: seconds[label(key)] for key in ready if label(key) not in refused}
    return Measured(agreed, absent, refused)


def label(key: Key) -> str:
    """Return a side's name for printing."""
    return f"{key[0]}, {key[1]} thread{'s' if key[1] > 1 else ''}"


def best(seconds: dict[Key, list[float]], name: str, threads: int) -> Key | None:
    """Return a peer's number of threads, up to ``threads``, with the least median time."""
    keys = [key for key in seconds if key[0] == name and key[1] <= threads]
    return min(keys, key=lambda key: quartiles(seconds[key]).median, default=None)


def compare(seconds: dict[Key, list[float]]) -> dict[str, Quartiles]:
    """Return the speed of fused over each peer, and each side's speedup by a second thread."""
    found: dict[str, Quartiles] = {}
    for key, fused in seconds.items():
        if key[0] != "fused":
            continue
        for name in peers.NAMES:
            peer = best(seconds, name, key[1])
            if peer is not None and name != "fused":
                found[f"{label(key)} over {label(peer)}"] = ratios(seconds[peer], fused)
    for name in peers.NAMES:
        if (name, 1) in seconds and (name, 2) in seconds:
            found[f"{name}: 2 threads over 1"] = ratios(seconds[name, 1], seconds[name, 2])
    return found


def report(setting: str, measured: Measured, steps: int) -> dict[str, Any]:
    """Print a setting's rows, and return them as plain data."""
    operations = SETTINGS[setting].operations() * steps
    print(f"\n{setting} ({steps} steps of {SETTINGS[setting].batch} samples per round)")
    for key, seconds in measured.seconds.items():
        rate = operations / quartiles(seconds).median / 1e9
        print(f"  {label(key):28} {quartiles(seconds).median / steps * 1e3:8.3f} ms per step, {rate:6.1f} GFLOP/s")
    compared = compare(measured.seconds)
    for what, quotient in compared.items():
        print(f"  {what}: {quotient:.2f}, n = {quotient.n}")
    for name, reason in measured.absent.items():
        print(f"  left out: {name}: {reason}")
    for name, reason in measured.refused.items():
        print(f"  NO RESULT for {name}: {reason}")
    return {
        "steps_per_round": steps,
        "batch": SETTINGS[setting].batch,
        "milliseconds_per_step": {
            label(key): round(quartiles(seconds).median / steps * 1e3, 4) for key, seconds in measured.seconds.items()
        },
        "times_as_fast": {what: quotient.rounded(3) for what, quotient in compared.items()},
        "left_out": measured.absent,
        "no_result": measured.refused,
        **hardware.circumstances("jax", "jaxlib"),
    }


def main() -> None:
    """Measure, print, and optionally write the results."""
    parser = argparse.ArgumentParser()
    parser.add_argument("settings", nargs="*", metavar="SETTING", help=", ".join(SETTINGS))
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--steps", type=int, help="of a round")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--sides", nargs="+", choices=list(peers.NAMES), default=list(peers.NAMES))
    parser.add_argument("--write", action="store_true", help=f"write these rows of {NAME}.json")
    arguments = parser.parse_args()
    chosen = arguments.settings or [name for name in SETTINGS if name != "tiny"]
    if unknown := [name for name in chosen if name not in SETTINGS]:
        parser.error(f"no setting {unknown[0]!r}; there are {', '.join(SETTINGS)}")
    refused = False
    for setting in chosen:
        # New processes for every setting, so that the memory state of one cannot affect the next.
        names = dict.fromkeys(["fused", *arguments.sides])
        workers = {(name, threads): Worker(name, threads) for name in names for threads in arguments.threads}
        try:
            steps = arguments.steps or SETTINGS[setting].steps(OPERATIONS)
            measured = measure(setting, workers, arguments.rounds, steps)
        finally:
            for worker in workers.values():
                worker.close()
        row = report(setting, measured, steps)
        refused = refused or bool(measured.refused)
        if arguments.write:
            results_file.merge(NAME, {setting: row})
    sys.exit(1 if refused else 0)


if __name__ == "__main__":
    main()
