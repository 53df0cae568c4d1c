"""The ``sfumato verdict`` command."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sfumato.cli import flags
from sfumato.errors import SfumatoError
from sfumato.render.text import one_line

if TYPE_CHECKING:
    from sfumato.lab.result_table import Result

DOC = """Give the verdict on a table of results, one row per training, of any program: with a confidence interval.

The table is a CSV file, such as an export of W&B, MLflow or trackio. A column may be named without its prefix: psnr for
metrics.psnr. All arms are compared with one of them, in pairs of rows that are equal in --pair. With --unit the verdict
is about pictures (or data sets, tasks, ...) like those in the table, rather than about one. With --where, only rows
with this value count; several values of one column are alternatives.

Examples:  sfumato verdict runs.csv --value psnr --arm model --pair seed
           sfumato verdict runs.csv --value psnr --arm model --pair seed --unit picture --out verdict.html
           sfumato verdict trials.csv --value psnr --arm arm --pair seed --where purpose=verdict --where status=finished
           sfumato verdict runs.csv --value loss --lower-is-better --arm optimizer --pair seed,fold --reference adam
"""

WIDTH = 120
"""Width in characters of a table that is not printed on a terminal."""


def command(arguments: Sequence[str]) -> int:
    """Print the verdict, and write its page if asked to."""
    typed, rest = flags.pop_repeated(arguments, "--where")
    parsed = flags.read(
        "verdict",
        DOC,
        rest,
        flags.positional("table", "", "FILE", "CSV file with one row per training"),
        flags.field("value", "psnr", "COLUMN", "the number by which arms are compared"),
        flags.field("arm", "arm", "COLUMN", "what is compared: the name of each row's arm"),
        flags.field("pair", "seed", "COLUMN,...", "rows equal in these are a pair, such as the seed"),
        flags.field("unit", flags.NONE, "COLUMN", "what the verdict generalizes over, such as the picture"),
        flags.field("where", flags.NONE, "COLUMN=VALUE", "rows with another value are left out; may be repeated"),
        flags.field("reference", flags.NONE, "NAME", "the arm with which others are compared; by default the first"),
        flags.switch("lower_is_better", "a smaller value is better, as of a loss"),
        flags.field("out", flags.NONE, "FILE", "write a page with the verdict and its plots"),
        flags.switch("json", "print one JSON document"),
    )
    if not parsed.table:
        raise SfumatoError("verdict must be given a table of results: sfumato verdict FILE.csv. Got none.")
    from sfumato.lab import result_rows, result_table
    from sfumato.lab.report import table_page
    from sfumato.runs.files import output_flag, printable, write_bytes

    path = Path(parsed.table)
    out = None if isinstance(parsed.out, flags.Default) else Path(parsed.out)
    if out is not None and out.suffix.lower() not in (".html", ".htm"):
        raise SfumatoError(f"out must be the file of a page, such as verdict.html. Got {parsed.out!r}.")
    if out is not None and not out.parent.is_dir():
        raise SfumatoError(
            f"cannot write {printable(out)}: {printable(out.parent)} is no folder. Make it first (--out)."
        )
    pair = tuple(part.strip() for part in parsed.pair.split(","))
    unit = None if isinstance(parsed.unit, flags.Default) else parsed.unit
    table = result_rows.read(path, result_rows.Columns(parsed.value, parsed.arm, pair, unit), _conditions(typed))
    reference = None if isinstance(parsed.reference, flags.Default) else parsed.reference
    result = result_table.compare(table, reference, lower_is_better=parsed.lower_is_better)
    if table.unfinished:
        sys.stderr.write(f"warning: {one_line(table.unfinished)}\n")
    if parsed.json:
        sys.stdout.write(json.dumps(_as_json(result), allow_nan=False) + "\n")
    else:
        _print(result)
    if out is not None:
        with output_flag("--out"):
            write_bytes(out, table_page.page(result, path.name).encode())
        if not parsed.json:
            sys.stdout.write(f"\npage        {out}\n")
    return 0


def _conditions(typed: Sequence[str]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for text in typed:
        name, separator, value = text.partition("=")
        if not separator or not name.strip():
            raise SfumatoError(f"--where must be COLUMN=VALUE, such as state=finished. Got {text!r}.")
        found.append((name.strip(), value))
    return found


def _print(result: Result) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        # A file has no width that columns must be fitted to.
        console.width = WIDTH
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in (result.columns.arm, f"mean {result.columns.value}", "±", "rows", "without a value"):
        table.add_column(Text(one_line(name)), justify="left" if name == result.columns.arm else "right")
    for each in result.scores:
        cells = (f"{each.mean:.6g}", f"{each.deviation:.3g}", str(each.trainings), str(each.missing))
        table.add_row(Text(one_line(each.arm)), *cells)
    console.print(table)
    sys.stdout.write("\n" + "\n".join(map(one_line, result.sentences())) + "\n")


def _as_json(result: Result) -> dict[str, Any]:
    from sfumato.lab.verdict import as_values

    found = [as_values(*each) for each in zip(result.comparisons, result.sentences(), strict=True)]
    return {"value": result.columns.value, "lower_is_better": result.lower_is_better, "comparisons": found}
