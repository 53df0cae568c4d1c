"""The ``sfumato clean`` command."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from sfumato.cli import flags
from sfumato.errors import SfumatoError
from sfumato.runs import cleaning

DOC = """Delete failed and interrupted runs, after listing them and asking. Active runs are never deleted.

Examples:  sfumato clean
           sfumato clean --state stopped,failed,interrupted --older-than 7
           sfumato clean --state done --keep 20 --yes
"""


def command(arguments: Sequence[str]) -> int:
    """List the runs, ask, and delete them; return 1 if the answer is no."""
    parsed = flags.read(
        "clean",
        DOC,
        arguments,
        flags.field("runs", "runs", "DIR", "folder of the runs"),
        flags.field(
            "state",
            "failed,interrupted",
            "STATES",
            f"states of runs to delete: {', '.join(cleaning.STATES)}",
        ),
        flags.field("older_than", "0", "DAYS", "minimum age of a run to delete: days since its last write"),
        flags.field("keep", "0", "N", "number of the newest matching runs that are not deleted"),
        flags.switch("yes", "no confirmation"),
    )
    states = cleaning.parse_states(parsed.state)
    days = flags.number("older-than", parsed.older_than, 0, float)
    keep = flags.number("keep", parsed.keep, 0, int)
    runs = Path(parsed.runs)
    found = cleaning.select(runs, states, days or None, keep)
    if not found:
        sys.stdout.write(f"Nothing to delete in {runs}: no such runs ({parsed.state}).\n")
        return 0
    from sfumato.cli.runs import show

    show(found)
    megabytes = sum(cleaning.size(each.folder) for each in found) / 1e6
    what = f"{len(found)} run{'s' if len(found) > 1 else ''} in {runs}, {megabytes:.1f} MB"
    if not parsed.yes and not _confirm(what):
        sys.stdout.write("Nothing was deleted.\n")
        return 1
    for each in found:
        cleaning.delete(each, runs)
    sys.stdout.write(f"Deleted {what}.\n")
    return 0


def _confirm(what: str) -> bool:
    if not sys.stdin.isatty():
        raise SfumatoError(f"cannot ask whether to delete {what}: stdin is not a terminal; pass --yes.")
    sys.stdout.flush()
    try:
        return input(f"Delete {what}? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        sys.stdout.write("\n")
        return False
