"""The ``sfumato stop`` command."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from sfumato.cli import run_arguments

DOC = """End a running training at its next step and write its results.

Example:  sfumato stop runs/20261123-154559-cat-4ea5ae38
"""


def command(arguments: Sequence[str]) -> int:
    """Write the request into the run's folder."""
    folder, _ = run_arguments.read("stop", DOC, arguments)
    from sfumato.runs import load_run, requests

    requests.send(load_run(folder).folder, "stop")
    sys.stdout.write(f"stop requested: {folder}\n")
    return 0
