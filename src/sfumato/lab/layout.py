"""Names of the files of experiments, importable without the code that writes them, which takes seconds to import."""

from __future__ import annotations

FOLDER = "experiments"
"""Default folder of experiments."""

INDEX = "trials-index.parquet"
"""File in a folder of experiments: the index of their trials."""

PLAN = "plan.json"
TRIALS = "trials.jsonl"
TRIALS_PARQUET = "trials.parquet"
