"""The ``sfumato report`` command."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from sfumato.cli import flags
from sfumato.errors import SfumatoError
from sfumato.log import log_to

DOC = """Write an experiment's report again: one self-contained page, and its trials as CSV and Parquet.

The report of an unfinished experiment says which trials are missing.

Examples:  sfumato report experiments/deep-vs-shallow-0123abcd
"""


def command(arguments: Sequence[str]) -> int:
    """Write the report and print the paths of its files."""
    parsed = flags.read("report", DOC, arguments, flags.positional("experiment", "", "DIR", "folder of an experiment"))
    if not parsed.experiment:
        raise SfumatoError("report must be given the folder of an experiment: sfumato report DIR. Got none.")
    from sfumato.lab import report
    from sfumato.lab.experiment import load_experiment
    from sfumato.lab.report.verdict_part import progress
    from sfumato.runs.files import output_flag

    with output_flag(""), log_to(_print_to_stderr):
        experiment = load_experiment(Path(parsed.experiment))
        files = report.write(experiment)
    state = progress(experiment)
    if not state.finished:
        sys.stdout.write(f"not finished: {state.done:,} trials done, about {state.left:,} to go\n")
    for name, path in zip(("report", *[""] * len(files)), files, strict=False):
        sys.stdout.write(f"{name:<10}  {path}\n")
    return 0


def _print_to_stderr(line: str) -> None:
    sys.stderr.write(f"sfumato: {line}\n")
