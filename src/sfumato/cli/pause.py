"""The ``sfumato pause`` command."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from sfumato.cli import run_arguments

DOC = """Pause a running training until it is resumed or stopped.

Example:  sfumato pause runs/20261123-154559-cat-4ea5ae38
"""


def command(arguments: Sequence[str]) -> int:
    """Write the request into the run's folder."""
    folder, _ = run_arguments.read("pause", DOC, arguments)
    from sfumato.runs import load_run, requests

    requests.send(load_run(folder).folder, "pause")
    sys.stdout.write(f"pause requested: {folder}\n")
    return 0
