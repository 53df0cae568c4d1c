"""``sfumato check``."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from sfumato.cli import base, flags
from sfumato.errors import SfumatoError
from sfumato.log import log_to
from sfumato.recipe.source import KINDS, read

DOC = """Try a recipe for about a second and say whether it will learn, what is wrong and what to change.

A copy of the network is trained on at most 4,096 pixels of the picture; nothing is written. Exit status 1: it cannot
work.

Examples:  sfumato check
           sfumato check rprop-sigmoid
           sfumato check --model.depth 20 --model.activation sigmoid --picture photo.jpg
           sfumato check runs/20261123-154559-cat-4ea5ae38 --picture photo.jpg --json
"""


def command(arguments: Sequence[str]) -> int:
    """Check; 0, or 1 when training cannot work."""
    recipe = base.chosen(arguments)
    parsed = flags.read(
        "check",
        DOC,
        arguments,
        flags.positional("source", "", "RECIPE", KINDS),
        flags.field("picture", recipe.picture.source, "FILE", "the picture to learn: the same as --picture.source"),
        flags.switch("json", "print JSON for programs"),
        *base.fields(recipe, arguments),
    )
    if not isinstance(parsed.source, flags.Default):
        if not (isinstance(parsed.preset, flags.Default) and isinstance(parsed.recipe, flags.Default)):
            raise SfumatoError(f"check takes one recipe. Got {parsed.source!r} beside --preset or --recipe.")
        recipe = read(parsed.source)
    recipe = base.with_picture(base.with_flags(recipe, parsed), parsed, parsed.source)
    from sfumato.api import check
    from sfumato.cli.check_table import show

    with log_to(_tell):
        diagnosis = check(recipe=recipe)
    if parsed.json:
        sys.stdout.write(json.dumps(diagnosis.as_json(), indent=2) + "\n")
    else:
        show(diagnosis)
    return 0 if diagnosis.works else 1


def _tell(line: str) -> None:
    sys.stderr.write(line + "\n")
