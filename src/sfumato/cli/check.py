"""The ``sfumato check`` command: a diagnosis as text, with the statistics of every layer."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from sfumato.cli import base, flags
from sfumato.errors import SfumatoError
from sfumato.log import log_to
from sfumato.recipe.source import KINDS, read

if TYPE_CHECKING:
    from sfumato.training import Diagnosis, NetworkStats

STYLES = {"error": "bold red", "warning": "yellow", "ok": "green"}

HEAD = (
    "layer",
    "units",
    "activation",
    "spread",
    "gradient",
    "spread",
    "norm",
    "to next",
    "dead",
    "saturated",
    "stable rank",
    "update",
)

DOC = """Train a recipe for about a second and predict whether it will learn, what is wrong, and what to change.

A copy of the network is trained on at most 4,096 pixels of the picture; nothing is written. The exit status is 1 if
the training cannot work.

Examples:  sfumato check
           sfumato check rprop-sigmoid
           sfumato check --model.depth 20 --model.activation sigmoid --picture photo.jpg
           sfumato check runs/20261123-154559-cat-4ea5ae38 --picture photo.jpg --json
"""


def show(diagnosis: Diagnosis) -> None:
    """Print the diagnosis."""
    console = Console()
    trial = diagnosis.trial
    sections = (
        ("before the first step", trial.before, None),
        (f"after {trial.steps:,} steps on {trial.pixels:,} pixels (engine {trial.engine})", trial.after, trial.updates),
    )
    for title, stats, updates in sections:
        for line in (title, *_lines(_rows(stats, updates)), _output(stats), ""):
            _write(console, Text(line, "bold" if line == title else ""))
    for finding in diagnosis.findings:
        text = Text(f"{finding.severity}: ", STYLES[finding.severity])
        _write(console, text.append(str(finding), "default"))


def _write(console: Console, text: Text) -> None:
    # Lines are wrapped on a terminal only.
    if console.is_terminal:
        console.print(text, soft_wrap=False)
    else:
        sys.stdout.write(text.plain.rstrip() + "\n")


def _rows(stats: NetworkStats, updates: Sequence[float] | None) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [HEAD if updates is not None else HEAD[:-1]]
    norms = [layer.gradient_norm for layer in stats.layers]
    for number, layer in enumerate(stats.layers):
        above = norms[number + 1] if number + 1 < len(norms) else math.nan
        row = (
            layer.name,
            str(layer.units),
            _number(layer.activation_mean),
            _number(layer.activation_spread),
            _number(layer.gradient_mean),
            _number(layer.gradient_spread),
            _number(layer.gradient_norm),
            _number(layer.gradient_norm / above if above else math.nan),
            _percent(layer.dead),
            _percent(layer.saturated),
            _number(layer.stable_rank),
        )
        rows.append(row if updates is None else (*row, _number(updates[number])))
    return rows


def _lines(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  " + "  ".join(_aligned(row, widths)) for row in rows]


def _aligned(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    first, *others = zip(row, widths, strict=True)
    return [f"{first[0]:<{first[1]}}", *(f"{cell:>{width}}" for cell, width in others)]


def _output(stats: NetworkStats) -> str:
    out, picture = stats.output, stats.picture
    return (
        f"  outputs from {_number(out.low)} to {_number(out.high)}, spread {_number(out.spread)}; "
        f"picture from {_number(picture.low)} to {_number(picture.high)}, spread {_number(picture.spread)}"
    )


def _number(value: float) -> str:
    return f"{value:.2g}" if math.isfinite(value) else "-"


def _percent(fraction: float | None) -> str:
    return "-" if fraction is None else f"{fraction:.0%}"


def command(arguments: Sequence[str]) -> int:
    """Print the diagnosis of a recipe; return 0, or 1 if its training cannot work."""
    recipe = base.select_recipe(arguments)
    parsed = flags.read(
        "check",
        DOC,
        arguments,
        flags.positional("source", "", "RECIPE", KINDS),
        flags.field("picture", recipe.picture.source, "FILE", "the picture to train on; short for --picture.source"),
        flags.switch("json", "output as JSON"),
        *base.fields(recipe, arguments),
    )
    if not isinstance(parsed.source, flags.Default):
        if not (isinstance(parsed.preset, flags.Default) and isinstance(parsed.recipe, flags.Default)):
            raise SfumatoError(f"check takes one recipe. Got {parsed.source!r} and --preset or --recipe as well.")
        recipe = read(parsed.source)
    recipe = base.with_picture(base.with_flags(recipe, parsed), parsed, parsed.source)
    from sfumato.api import check

    with log_to(_print_to_stderr):
        diagnosis = check(recipe=recipe)
    if parsed.json:
        sys.stdout.write(json.dumps(diagnosis.as_json(), indent=2) + "\n")
    else:
        show(diagnosis)
    return 0 if diagnosis.works else 1


def _print_to_stderr(line: str) -> None:
    sys.stderr.write(line + "\n")
