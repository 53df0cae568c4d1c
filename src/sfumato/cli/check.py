"""The ``sfumato check`` command."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from sfumato.cli import base, flags
from sfumato.errors import SfumatoError
from sfumato.log import log_to
from sfumato.recipe.source import KINDS, read

DOC = """Train a recipe for about a second and predict whether it will learn, what is wrong, and what to change.

A copy of the network is trained on at most 4,096 pixels of the picture; nothing is written. The exit status is 1 if
the training cannot work.

Examples:  sfumato check
           sfumato check rprop-sigmoid
           sfumato check --model.depth 20 --model.activation sigmoid --picture photo.jpg
           sfumato check runs/20261123-154559-cat-4ea5ae38 --picture photo.jpg --json
"""


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
    from sfumato.cli.check_table import show

    with log_to(_print_to_stderr):
        diagnosis = check(recipe=recipe)
    if parsed.json:
        sys.stdout.write(json.dumps(diagnosis.as_json(), indent=2) + "\n")
    else:
        show(diagnosis)
    return 0 if diagnosis.works else 1


def _print_to_stderr(line: str) -> None:
    sys.stderr.write(line + "\n")
