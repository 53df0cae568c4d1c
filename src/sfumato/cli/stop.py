"""``sfumato stop``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sfumato.cli import flags

DOC = """Ask a running training to end at the next step and to write everything.

Example:  sfumato stop runs/20261123-154559-cat-4ea5ae38
"""


def command(arguments: Sequence[str]) -> int:
    """Leave the request in the run's folder."""
    folder, _ = flags.run_and_options("stop", DOC, arguments)
    from sfumato.runs import load_run, requests

    requests.ask(load_run(Path(folder)).folder, "stop")
    return 0
