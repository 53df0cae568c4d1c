"""The studio's page of a large sweep: the time of reading its database, and the bytes that are sent.

    python benchmarks/studio_sweep.py [--configurations 10000] [--times 7] [--write]

The first configurations are trained; the others are copies of them with other scores, inserted into the database.
``--write`` replaces benchmarks/results/studio_sweep.json.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sqlite3
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path

import results_file
from hardware import circumstances

import sfumato as sf
from sfumato.lab.sweep.study import DATABASE
from sfumato.studio.sweeps import page
from sfumato.studio.web.responses import COMPRESSION_LEVEL

TRAINED = 8
COPIES = {
    "trial_params": "param_name, param_value, distribution_json",
    "trial_user_attributes": '"key", value_json',
    "trial_values": "objective, value, value_type",
}
"""Tables of Optuna, and the columns that a copy takes from its original."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--configurations", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=7)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "sweep"
        space = {"model.width": "4..64:log", "model.depth": "1..4", "training.optimizer": "adam(lr=1e-4..1e-1:log)"}
        sf.sweep(space, "cat", trials=TRAINED, out=folder, picture={"max_side": 16}, budget={"epochs": 1})
        insert_copies(folder / DATABASE, arguments.configurations)
        seconds: list[float] = []
        body = b""
        for _ in range(arguments.times):
            start = time.perf_counter()
            body = json.dumps(page.data(folder), separators=(",", ":"), allow_nan=False).encode()
            seconds.append(time.perf_counter() - start)
        result = {
            "configurations": arguments.configurations,
            "database_MB": round((folder / DATABASE).stat().st_size / 1e6, 1),
            "seconds": [round(each, 3) for each in sorted(seconds)],
            "median_seconds": round(statistics.median(seconds), 3),
            "bytes": len(body),
            "compressed_bytes": len(gzip.compress(body, COMPRESSION_LEVEL)),
        }
    result |= circumstances("starlette")
    print(json.dumps(result, indent=2))
    if arguments.write:
        print(results_file.write("studio_sweep", result))


def insert_copies(path: Path, count: int) -> None:
    """Add configurations until there are ``count``."""
    draws = random.Random(1)
    with closing(sqlite3.connect(path)) as database:
        for number in range(TRAINED, count):
            original, trial = number % TRAINED + 1, number + 1
            database.execute(
                "INSERT INTO trials (trial_id, number, study_id, state) VALUES (?, ?, 1, 'COMPLETE')", (trial, number)
            )
            for table, columns in COPIES.items():
                database.execute(
                    f"INSERT INTO {table} (trial_id, {columns}) SELECT ?, {columns} FROM {table} WHERE trial_id = ?",
                    (trial, original),
                )
            scores = draws.gauss(20, 3), draws.uniform(1, 9)
            database.execute("UPDATE trial_values SET value = ? WHERE trial_id = ?", (scores[0], trial))
            for key, value in zip(("psnr", "seconds"), scores, strict=True):
                database.execute(
                    'UPDATE trial_user_attributes SET value_json = ? WHERE trial_id = ? AND "key" = ?',
                    (repr(value), trial, key),
                )
        database.commit()


if __name__ == "__main__":
    main()
