"""The ``sfumato recipe`` command."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from sfumato.cli import base, flags
from sfumato.errors import SfumatoError
from sfumato.recipe import to_json, to_string, to_toml
from sfumato.recipe.source import KINDS, read

DOC = """Print a recipe with the changes of the other flags. The output can be passed to sfumato paint --recipe.

Examples:  sfumato recipe blog-2012 --format toml
           sfumato recipe --model.depth 6 > deep.json
           sfumato recipe runs/20261123-154559-cat-4ea5ae38 --format string
"""

FORMATS = {"json": to_json, "toml": to_toml, "string": lambda recipe: to_string(recipe) + "\n"}


def command(arguments: Sequence[str]) -> int:
    """Print the recipe."""
    recipe = base.select_recipe(arguments)
    parsed = flags.read(
        "recipe",
        DOC,
        arguments,
        flags.positional("source", "", "RECIPE", KINDS),
        flags.field("format", "json", "|".join(FORMATS), "output format"),
        *base.fields(recipe, arguments),
    )
    if parsed.format not in FORMATS:
        raise SfumatoError(f"format must be one of {', '.join(FORMATS)}. Got {parsed.format!r}.")
    if not isinstance(parsed.source, flags.Default):
        if not (isinstance(parsed.preset, flags.Default) and isinstance(parsed.recipe, flags.Default)):
            raise SfumatoError(f"recipe takes one recipe. Got {parsed.source!r} and --preset or --recipe as well.")
        recipe = read(parsed.source)
    sys.stdout.write(FORMATS[parsed.format](base.with_flags(recipe, parsed)))
    return 0
