"""``sfumato show``."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from sfumato.cli import flags
from sfumato.runs import listing, portrait

DOC = """Show one run: its recipe, result, findings, what made it, and its files.

Examples:  sfumato show                 the newest run
           sfumato show 4ea5ae38        a part of a run's name
           sfumato show runs/20261123-154559-cat-4ea5ae38 --json
"""


def command(arguments: Sequence[str]) -> int:
    """Show."""
    parsed = flags.read(
        "show",
        DOC,
        arguments,
        flags.positional("run", "", "RUN", "a run's folder, or a part of one run's name; the newest when left out"),
        flags.field("runs", "runs", "DIR", "folder of the runs"),
        flags.switch("json", "print JSON for programs"),
    )
    folder = listing.find(parsed.run, Path(parsed.runs))
    if parsed.json:
        sys.stdout.write(json.dumps(portrait.data(folder), indent=2) + "\n")
    else:
        sys.stdout.write("\n".join(portrait.lines(folder)) + "\n")
    return 0
