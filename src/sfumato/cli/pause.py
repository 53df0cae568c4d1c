"""``sfumato pause``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from sfumato.cli import one_run

DOC = """Ask a running training to wait until it is resumed or stopped.

Example:  sfumato pause runs/20261123-154559-cat-4ea5ae38
"""


def command(arguments: Sequence[str]) -> int:
    """Leave the request in the run's folder."""
    folder, _ = one_run.read("pause", DOC, arguments)
    from sfumato.runs import load_run, requests

    requests.send(load_run(folder).folder, "pause")
    sys.stdout.write(f"asked {folder} to pause\n")
    return 0
