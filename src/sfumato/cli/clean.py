"""``sfumato clean``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from sfumato.cli import flags
from sfumato.errors import SfumatoError
from sfumato.runs import cleaning

DOC = """Delete runs that went wrong, after showing them and asking. Runs that train now are never touched.

Examples:  sfumato clean
           sfumato clean --state stopped,failed,interrupted --older-than 7
           sfumato clean --state done --keep 20 --yes
"""


def command(arguments: Sequence[str]) -> int:
    """List, ask, delete; the exit status is 1 when the answer is no."""
    parsed = flags.read(
        "clean",
        DOC,
        arguments,
        flags.field("runs", "runs", "DIR", "folder of the runs"),
        flags.field("state", "failed,interrupted", "STATES", f"delete runs in these: {', '.join(cleaning.STATES)}"),
        flags.field("older_than", "0", "DAYS", "only runs in which nothing was written for so many days"),
        flags.field("keep", "0", "N", "keep the newest N of them"),
        flags.switch("yes", "do not ask"),
    )
    states = cleaning.parse_states(parsed.state)
    days = flags.number("older-than", parsed.older_than, 0, float)
    keep = flags.number("keep", parsed.keep, 0, int)
    runs = Path(parsed.runs)
    found = cleaning.select(runs, states, days or None, keep)
    if not found:
        sys.stdout.write(f"Nothing to delete in {runs}: no such runs ({parsed.state}).\n")
        return 0
    from sfumato.cli.run_table import show

    show(found)
    megabytes = sum(cleaning.size(each.folder) for each in found) / 1e6
    what = f"{len(found)} run{'s' if len(found) > 1 else ''} in {runs}, {megabytes:.1f} MB"
    if not parsed.yes and not _agreed(what):
        sys.stdout.write("Nothing was deleted.\n")
        return 1
    for each in found:
        cleaning.delete(each, runs)
    sys.stdout.write(f"Deleted {what}.\n")
    return 0


def _agreed(what: str) -> bool:
    if not sys.stdin.isatty():
        raise SfumatoError(f"clean asks before it deletes {what}, and nobody is there to answer; say --yes.")
    sys.stdout.flush()
    try:
        return input(f"Delete {what}? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        sys.stdout.write("\n")
        return False
