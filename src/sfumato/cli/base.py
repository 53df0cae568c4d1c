"""The recipe that a command's flags change: ``--preset`` or ``--recipe``."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import tyro

from sfumato import trust
from sfumato.cli import flags
from sfumato.errors import SfumatoError
from sfumato.recipe import DESCRIPTIONS, Recipe, changed, preset
from sfumato.recipe.source import KINDS, is_run, read

PRESETS = "the recipe that other flags change: " + "; ".join(f"{name}, {text}" for name, text in DESCRIPTIONS.items())


def chosen(arguments: Sequence[str], default: str = "fast") -> Recipe:
    """The recipe that the arguments name, else the preset ``default``. Raises SfumatoError."""
    name, source = flags.value_of(arguments, "--preset"), flags.value_of(arguments, "--recipe")
    if name and source:
        raise SfumatoError(f"--preset and --recipe each name a whole recipe. Got {name!r} and {source!r}; give one.")
    return read(source) if source else preset(name or default)


def fields(base: Recipe, arguments: Sequence[str], default: str = "fast") -> list[tuple[str, Any, Any]]:
    """``--preset``, ``--recipe`` and a flag for every field of the recipe, which become ``changes``."""
    changes = flags.of(base)
    return [
        flags.field("preset", flags.value_of(arguments, "--preset") or default, "NAME", PRESETS),
        flags.field("recipe", flags.NONE, "RECIPE", f"in place of --preset: {KINDS}"),
        ("changes", Annotated[type(changes), tyro.conf.arg(name="")], dataclasses.field(default=changes)),
    ]


def with_flags(recipe: Recipe, parsed: Any) -> Recipe:
    """The recipe with what was typed. Raises SfumatoError for a wrong field, or two that contradict each other."""
    typed = flags.given(parsed.changes)
    trust.allow_named_in(typed)
    model, picture = typed.get("model", {}), typed.get("picture", {})
    if picture.get("size") is not None and picture.get("max_side") is not None:
        raise SfumatoError(
            f"--picture.size is the exact size. Got {picture['size']} and --picture.max-side {picture['max_side']} as "
            "well; leave one of them out."
        )
    # In a recipe a list of widths decides the depth; two that were typed on one line tell of a mistake.
    if "depth" in model and "," in (widths := model.get("width", "")):
        count = widths.count(",") + 1
        if model["depth"] != str(count):
            raise SfumatoError(
                f"--model.width lists {count} layers. Got --model.depth {model['depth']} as well; leave it out."
            )
    return changed(recipe, typed)


def with_picture(recipe: Recipe, parsed: Any, named: str | None = None) -> Recipe:
    """The recipe with the picture of ``--picture``, the same as ``--picture.source``. Raises SfumatoError for two.

    ``named``: what the recipe came from, by default the value of ``--recipe``. A picture that only a run's folder names
    must still be the one that the run learned.
    """
    source = parsed.changes.picture.source
    if isinstance(parsed.picture, flags.Default):
        check_picture(recipe, parsed, named)
        return recipe
    if not isinstance(source, flags.Default) and source != parsed.picture:
        raise SfumatoError(
            f"one picture is learned. Got --picture {parsed.picture!r} and --picture.source {source!r}; give one."
        )
    return changed(recipe, {"picture": {"source": parsed.picture}})


def check_picture(recipe: Recipe, parsed: Any, named: str | None = None) -> None:
    """Raise PictureError where the recipe is of a run whose picture has changed since, unless flags name one.

    ``named`` as of `with_picture`.
    """
    source = named or (None if isinstance(parsed.recipe, flags.Default) else parsed.recipe)
    if source is None or "picture" in flags.given(parsed.changes) or not is_run(source):
        return
    # Only now: this brings NumPy.
    from sfumato.runs.target import check_source

    check_source(Path(source), recipe)
