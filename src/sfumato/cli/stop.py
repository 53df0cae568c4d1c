"""``sfumato stop``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from sfumato.cli import one_run

DOC = """Ask a running training to end at the next step and to write everything.

Example:  sfumato stop runs/20261123-154559-cat-4ea5ae38
"""


def command(arguments: Sequence[str]) -> int:
    """Leave the request in the run's folder."""
    folder, _ = one_run.read("stop", DOC, arguments)
    from sfumato.runs import load_run, requests

    requests.send(load_run(folder).folder, "stop")
    sys.stdout.write(f"asked {folder} to stop\n")
    return 0
