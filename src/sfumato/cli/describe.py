"""The ``sfumato describe`` command."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from sfumato.cli import base, flags
from sfumato.errors import SfumatoError
from sfumato.recipe import changed
from sfumato.recipe.description import DEFAULT_PIXELS, describe, pixels_of
from sfumato.recipe.report import report

DOC = """Show the network of a recipe, how it is trained, its size and cost, and its budget. Nothing is trained.

Examples:  sfumato describe --model.depth 6
           sfumato describe --preset blog-2012 --pixels 300x429
           sfumato describe --model.encoding fourier --model.width 256,128,64
"""


def command(arguments: Sequence[str]) -> int:
    """Print the description of a recipe."""
    recipe = base.select_recipe(arguments)
    width, height = DEFAULT_PIXELS
    parsed = flags.read(
        "describe",
        DOC,
        arguments,
        flags.field("pixels", f"{width}x{height}", "WxH", "picture size for which costs are computed"),
        *base.fields(recipe, arguments),
    )
    recipe = base.with_flags(recipe, parsed)
    if not isinstance(parsed.pixels, flags.Default):
        try:
            recipe = changed(recipe, {"picture": {"size": parsed.pixels, "max_side": None}})
        except SfumatoError as error:
            raise SfumatoError(str(error).replace("picture.size", "pixels", 1)) from None
    sys.stdout.write("\n".join(report(describe(recipe), *pixels_of(recipe))) + "\n")
    return 0
