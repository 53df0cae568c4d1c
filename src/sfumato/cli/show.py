"""The ``sfumato show`` command."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from sfumato.cli import flags, run_arguments
from sfumato.runs import details

DOC = """Show one run: its recipe, result, findings, provenance, and files.

Examples:  sfumato show                 the newest run
           sfumato show 4ea5ae38        a part of a run's name
           sfumato show runs/20261123-154559-cat-4ea5ae38 --json
"""


def command(arguments: Sequence[str]) -> int:
    """Print the description of a run."""
    folder, parsed = run_arguments.read("show", DOC, arguments, flags.switch("json", "output as JSON"))
    if parsed.json:
        sys.stdout.write(json.dumps(details.data(folder), indent=2) + "\n")
    else:
        sys.stdout.write("\n".join(details.lines(folder)) + "\n")
    return 0
