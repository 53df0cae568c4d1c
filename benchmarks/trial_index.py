"""How fast the trials of many experiments answer a filter: from their rows, from Parquet files, and from an index.

    python benchmarks/trial_index.py [--experiments 100] [--trials 1000] [--rounds 5] [--write]

Synthetic experiments in the real layout, in a temporary folder. Measured alternately: reading every row; the
experiments' own Parquet files; the index of all, read and filtered as `sf.load_trials` does, and by pyarrow and DuckDB
(where it is installed); in new processes, from the start of Python to the answer; and after one experiment has changed.
The answers of all are compared.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import hardware
import numpy as np
import results_file
from alternation import alternate, quartiles, timed

import sfumato as sf
from sfumato.lab.arms import Picture
from sfumato.lab.compare import plan_of
from sfumato.lab.experiment import load_experiment
from sfumato.lab.layout import INDEX, PLAN, TRIALS, TRIALS_PARQUET
from sfumato.recipe import Recipe, changed
from sfumato.tables import joined

ARMS = 10
ABOVE = 29.0
"""dB. Of the synthetic trials, about one in six is better."""

ANSWER = {"arm": "width 4", "psnr": (ABOVE, None)}
SQL = f"where arm = 'width 4' and psnr >= {ABOVE}"


def make(folder: Path, experiments: int, trials: int) -> None:
    """Write experiments of ``trials`` trials each, with curves, as trainings leave them."""
    random = np.random.default_rng(0)
    picture = Picture("cat", random.random((12, 10, 3), dtype=np.float32))
    base = changed(Recipe(), {"training": {"optimizer": "adam"}, "budget": {"epochs": 20}})
    arms = {f"width {number + 1}": changed(base, {"model": {"width": number + 1}}) for number in range(ARMS)}
    seeds = tuple(range(-(-trials // ARMS)))
    plan = plan_of(arms, [picture], seeds=len(seeds), tune=False)
    for number in range(experiments):
        path = folder / f"experiment-{number:04d}"
        path.mkdir(parents=True)
        values = replace(plan, question=f"Which width is best: {number}?").to_values()
        (path / PLAN).write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
        with (path / TRIALS).open("w", encoding="utf-8") as file:
            for at in range(trials):
                psnr = float(random.normal(25, 4))
                row = {
                    "purpose": "verdict", "arm": f"width {at % ARMS + 1}", "picture": 0, "seed": at // ARMS,
                    "rates": [0.001], "status": "finished", "reason": None, "psnr": psnr, "ssim": 0.5,
                    "mse": 10 ** (-psnr / 10), "epoch": 20.0, "step": 5, "samples": 2400, "seconds": 1.5,
                    "engine": "fused",
                    "curve": [
                        {"samples": 240 * mark, "seconds": 0.15 * mark, "psnr": psnr - 10 + mark, "epoch": 2.0 * mark}
                        for mark in range(1, 11)
                    ],
                }  # fmt: skip
                file.write(json.dumps(row) + "\n")


def from_rows(folder: Path) -> int:
    """Read the rows of all experiments."""
    paths = sorted(each.parent for each in folder.glob(f"*/{PLAN}"))
    return len(joined([load_experiment(path).trials() for path in paths]).filter(**ANSWER))


def from_tables(folder: Path) -> int:
    """Read the Parquet files that reports leave in all experiments."""
    from sfumato.tables import read_parquet

    paths = sorted(each.parent for each in folder.glob(f"*/{PLAN}"))
    return len(joined([read_parquet(path / TRIALS_PARQUET) for path in paths]).filter(**ANSWER))


def from_index(folder: Path) -> int:
    """Call `sf.load_trials` with conditions."""
    return len(sf.load_trials(folder, **ANSWER))


def all_of_index(folder: Path) -> int:
    """Call `sf.load_trials` without conditions, then filter."""
    return len(sf.load_trials(folder).filter(**ANSWER))


def by_pyarrow(folder: Path) -> int:
    """Read the index by pyarrow, which skips what cannot match."""
    from pyarrow import parquet

    conditions = [("arm", "==", ANSWER["arm"]), ("psnr", ">=", ABOVE)]
    return parquet.read_table(folder / INDEX, filters=conditions).num_rows


def by_duckdb(folder: Path) -> int:
    """Query the index in a new connection of DuckDB."""
    import duckdb  # pyright: ignore[reportMissingImports, reportUnknownVariableType, reportMissingTypeStubs]

    with duckdb.connect() as connection:  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
        found: Any = connection.sql(f"select * from '{folder / INDEX}' {SQL}")  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
        return len(found.fetchall())


NEW_PROCESS = "import sfumato as sf; print(len(sf.load_trials({folder!r}, arm='width 4', psnr=({above}, None))))"
DUCKDB_PROCESS = "import duckdb; print(len(duckdb.sql(\"select * from '{folder}/{index}' {sql}\").fetchall()))"


class NewProcess:
    """Code that runs in a new process of Python and prints a number; its processor seconds of every call."""

    def __init__(self, code: str) -> None:
        self._code = code
        self.processor_seconds: list[float] = []

    def __call__(self) -> int:
        """Return the number that the code prints."""
        before = os.times()
        done = subprocess.run([sys.executable, "-c", self._code], stdout=subprocess.PIPE, text=True, check=True)
        after = os.times()
        self.processor_seconds.append(sum(after[2:4]) - sum(before[2:4]))
        return int(done.stdout)


def after_a_change(folder: Path) -> int:
    """Append a tuning row to one experiment, then filter."""
    path = folder / "experiment-0000" / TRIALS
    row = json.loads(path.read_text(encoding="utf-8").splitlines()[0])
    seed = path.stat().st_size
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({**row, "purpose": "tuning", "arm": "width 1", "seed": seed}) + "\n")
    return from_index(folder)


def main() -> None:
    """Make the experiments, measure, compare the answers, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--experiments", type=int, default=100)
    parser.add_argument("--trials", type=int, default=1000, help="per experiment")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="write the file of results")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, arguments.experiments, arguments.trials)
        expected = from_rows(folder)
        first = timed(lambda: sf.load_trials(folder))
        for path in folder.glob(f"*/{PLAN}"):
            (path.parent / TRIALS_PARQUET).write_bytes(load_experiment(path.parent).trials().to_parquet())
        program = NEW_PROCESS.format(folder=name, above=ABOVE)
        sides: dict[str, Callable[[], int]] = {
            "every row": lambda: from_rows(folder),
            "Parquet files of the experiments": lambda: from_tables(folder),
            "load_trials with conditions": lambda: from_index(folder),
            "load_trials, then filter": lambda: all_of_index(folder),
            "load_trials, one experiment changed": lambda: after_a_change(folder),
            "index by pyarrow": lambda: by_pyarrow(folder),
            "load_trials with conditions, new process": NewProcess(program),
        }
        if find_spec("duckdb"):
            code = DUCKDB_PROCESS.format(folder=name, index=INDEX, sql=SQL)
            sides["index by DuckDB"] = lambda: by_duckdb(folder)
            sides["index by DuckDB, new process"] = NewProcess(code)
        for side, answer in sides.items():
            if (found := answer()) != expected:
                raise SystemExit(f"no result: {side} finds {found:,} trials, and the rows have {expected:,}.")
        took = alternate(
            {side: lambda _, answer=answer: timed(answer) for side, answer in sides.items()}, arguments.rounds
        )
        size = (folder / INDEX).stat().st_size
    count = arguments.experiments * arguments.trials
    print(f"{count:,} trials of {arguments.experiments} experiments, {expected:,} match; index: {size / 1e6:.1f} MB")
    print(f"index made from all rows, once: {first:.2f} s")
    processor = {
        side: quartiles(work.processor_seconds[-arguments.rounds :])
        for side, work in sides.items()
        if isinstance(work, NewProcess)
    }
    for side, seconds in took.items():
        own = f", of the processor {processor[side]:.3f} s" if side in processor else ""
        print(f"{side}: {quartiles(seconds):.3f} s{own}, n = {arguments.rounds}")
    if arguments.write:
        rows = {side: quartiles(seconds).rounded(4) for side, seconds in took.items()}
        found = {"trials": count, "experiments": arguments.experiments, "matching": expected, "bytes": size}
        of_processor = {side: each.rounded(4) for side, each in processor.items()}
        found |= {"first_seconds": round(first, 2), "seconds": rows, "processor_seconds": of_processor}
        results_file.write("trial_index", found | hardware.circumstances("pyarrow", "duckdb"))


if __name__ == "__main__":
    main()
