"""``sfumato runs``."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from sfumato.cli import flags
from sfumato.runs import listing

DOC = """List runs: what they painted, how their recipes differ, how good they are, how they went.

Examples:  sfumato runs
           sfumato runs --filter "cat depth=6" --sort psnr
           sfumato runs --json
"""


def command(arguments: Sequence[str]) -> int:
    """List."""
    parsed = flags.read(
        "runs",
        DOC,
        arguments,
        flags.field("runs", "runs", "DIR", "folder of the runs"),
        flags.field("filter", "", "WORDS", "only runs with all these words in name, picture, differences or state"),
        flags.field("sort", "started", "|".join(listing.SORTS), "newest first, best first, quickest first, by name"),
        flags.switch("json", "print a JSON list for programs"),
    )
    found = listing.entries(Path(parsed.runs))
    listed = listing.filter_and_sort(found, parsed.filter, parsed.sort)
    if parsed.json:
        sys.stdout.write(json.dumps([each.as_json() for each in listed], indent=2) + "\n")
    elif listed:
        # Only now: rich is not needed for the other answers.
        from sfumato.cli.run_table import show

        show(listed)
    elif found:
        sys.stdout.write(f"None of the {len(found)} runs in {parsed.runs} has all the words {parsed.filter!r}.\n")
    else:
        sys.stdout.write(f"No runs in {parsed.runs}. Make one with: sfumato paint\n")
    return 0
