"""The ``sfumato runs`` command: a table on a terminal, and unwrapped lines elsewhere."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sfumato.cli import flags
from sfumato.runs import listing
from sfumato.runs.entry import Entry

Row = tuple[str, str, str, str, str]

STYLES = {
    "done": "green",
    "running": "bold cyan",
    "paused": "cyan",
    "queued": "cyan",
    "stopped": "yellow",
    "interrupted": "magenta",
}
"""The styles of states; all other states, which are failures, are red."""

HEAD = ("run", "state", "PSNR", "seconds", "picture, and what differs from the default recipe")

NARROW = 110
"""Width of a terminal below which the last column is printed on a separate line; the others take about 60 columns."""

DOC = """List runs: picture, differences from the default recipe, PSNR, seconds, and state.

Examples:  sfumato runs
           sfumato runs --filter "cat depth=6" --sort psnr
           sfumato runs --json
"""


def show(listed: Sequence[Entry]) -> None:
    """Print the runs in the order given."""
    console = Console()
    rows = [_cells(each) for each in listed]
    if not console.is_terminal:
        sys.stdout.write("".join(f"{line}\n" for line in _lines([HEAD, *rows])))
        return
    if console.width < NARROW:
        _show_narrow(console, rows)
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for number, title in enumerate(HEAD):
        last = number == len(HEAD) - 1
        # A name is never wrapped, so that it can be copied.
        table.add_column(title, justify="right" if number in (2, 3) else "left", no_wrap=not last, overflow="fold")
    for name, state, psnr, seconds, about in rows:
        table.add_row(Text(name), Text(state, STYLES.get(state, "red")), psnr, seconds, Text(about))
    console.print(table)


def _show_narrow(console: Console, rows: Sequence[Row]) -> None:
    heads = _lines([(name, state, psnr, seconds, "") for name, state, psnr, seconds, _ in (HEAD, *rows)])
    console.print(Text(heads[0], "bold"), no_wrap=True, overflow="fold")
    for head, (_, state, _, _, about) in zip(heads[1:], rows, strict=True):
        line = Text(head)
        line.highlight_words([f" {state} "], STYLES.get(state, "red"))
        console.print(line, no_wrap=True, overflow="fold")
        console.print(Padding(Text(about, "dim"), (0, 0, 0, 4)))


def _cells(each: Entry) -> Row:
    psnr = "-" if each.psnr is None else f"{each.psnr:.2f}"
    seconds = "-" if each.seconds is None else f"{each.seconds:.1f}"
    about = "  ".join(part for part in (each.picture, each.difference) if part)
    return each.printable_name, each.state, psnr, seconds, about


def _lines(rows: Sequence[Row]) -> list[str]:
    name, state, psnr, seconds = (max(len(row[column]) for row in rows) for column in range(4))
    return [f"{a:<{name}}  {b:<{state}}  {c:>{psnr}}  {d:>{seconds}}  {e}".rstrip() for a, b, c, d, e in rows]


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
        show(listed)
    elif found:
        sys.stdout.write(f"None of the {len(found)} runs in {parsed.runs} has all the words {parsed.filter!r}.\n")
    else:
        sys.stdout.write(f"No runs in {parsed.runs}. Start one with: sfumato paint\n")
    return 0
