"""The ``sfumato runs`` command."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from sfumato.cli import flags
from sfumato.runs import listing

DOC = """List runs: picture, differences from the default recipe, PSNR, seconds, and state.

Examples:  sfumato runs
           sfumato runs --filter "cat depth=6" --sort psnr
           sfumato runs --json
"""


def command(arguments: Sequence[str]) -> int:
    """Print the list of runs."""
    parsed = flags.read(
        "runs",
        DOC,
        arguments,
        flags.field("runs", "runs", "DIR", "folder of the runs"),
        flags.field("filter", "", "WORDS", "words that must all be in name, picture, differences, or state"),
        flags.field(
            "sort",
            "started",
            "|".join(listing.SORTS),
            "newest, highest PSNR, or fastest first, or by name",
        ),
        flags.switch("json", "output as a JSON list"),
    )
    found = listing.entries(Path(parsed.runs))
    listed = listing.filter_and_sort(found, parsed.filter, parsed.sort)
    if parsed.json:
        sys.stdout.write(json.dumps([each.as_json() for each in listed], indent=2) + "\n")
    elif listed:
        # Imported here, because only the table needs rich.
        from sfumato.cli.run_table import show

        show(listed)
    elif found:
        sys.stdout.write(f"None of the {len(found)} runs in {parsed.runs} has all the words {parsed.filter!r}.\n")
    else:
        sys.stdout.write(f"No runs in {parsed.runs}. Start one with: sfumato paint\n")
    return 0
