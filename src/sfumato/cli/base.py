"""The base recipe of a command, ``--preset`` or ``--recipe``, and the flags that change it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import tyro

from sfumato import trust
from sfumato.cli import flags
from sfumato.errors import SfumatoError
from sfumato.recipe import PRESETS, Recipe, changed, preset
from sfumato.recipe.source import KINDS, is_run, read

PRESET_HELP = (
    "base recipe, changed by other flags: "
    + "; ".join(f"{name}, {each.description}" for name, each in PRESETS.items() if not each.published)
    + "; and experiments of publications: "
    + ", ".join(name for name, each in PRESETS.items() if each.published)
)
"""Help of ``--preset``: the names alone of experiments of publications, which the reference describes."""


def pictures_flag(meaning: str) -> tuple[str, Any, Any]:
    """Return ``--pictures``, with what a command does with them."""
    return flags.field(
        "pictures",
        flags.NONE,
        "DIR|GLOB|kodak",
        f"{meaning}: a folder, a quoted pattern, or Kodak's 24 photographs",
    )


VERDICT_PICTURES = pictures_flag("a verdict about at least 5 pictures like these")


def check_quoted(arguments: Sequence[str]) -> None:
    """Raise SfumatoError where a shell has replaced a pattern after ``--pictures`` by the files that it matches."""
    words, _ = flags.split_at_separator(arguments)
    if all(word.partition("=")[0] != "--pictures" for word in words):
        return
    from sfumato.images.sets import EXTENSIONS

    for number, word in enumerate(words):
        name, separator, _ = word.partition("=")
        after = words[number + (1 if separator else 2) :]
        if name != "--pictures" or not after or Path(after[0]).suffix.lower() not in EXTENSIONS:
            continue
        first = word.partition("=")[2] if separator else words[number + 1]
        raise SfumatoError(
            f"--pictures takes one folder, pattern or set. Got {first!r} and {after[0]!r}; quote a pattern "
            "(--pictures 'photos/*.png'), so that the shell does not replace it by its files."
        )


def pictures_of(parsed: Any) -> str | None:
    """Return the value of ``--pictures``, or None; raise SfumatoError if one picture is given as well."""
    if isinstance(parsed.pictures, flags.Default):
        return None
    if not isinstance(parsed.picture, flags.Default) or not isinstance(parsed.changes.picture.source, flags.Default):
        raise SfumatoError(f"--pictures {parsed.pictures} is a set of pictures. Got one picture as well; give one.")
    return parsed.pictures


def select_recipe(arguments: Sequence[str], default: str = "fast") -> Recipe:
    """Return the recipe that the arguments name, or else the preset ``default``; raise SfumatoError for a wrong one."""
    name, source = flags.value_of(arguments, "--preset"), flags.value_of(arguments, "--recipe")
    if name and source:
        raise SfumatoError(f"--preset and --recipe each name a whole recipe. Got {name!r} and {source!r}; give one.")
    return read(source) if source else preset(name or default)


def fields(base: Recipe, arguments: Sequence[str], default: str = "fast") -> list[tuple[str, Any, Any]]:
    """Return ``--preset``, ``--recipe``, and a flag for every field of the recipe, collected under ``changes``."""
    changes = flags.from_section(base)
    argument = tyro.conf.arg(name="", help=type(changes).__doc__)
    return [
        flags.field("preset", flags.value_of(arguments, "--preset") or default, "NAME", PRESET_HELP),
        flags.field("recipe", flags.NONE, "RECIPE", f"base recipe instead of a preset: {KINDS}"),
        ("changes", Annotated[type(changes), argument], dataclasses.field(default=changes)),
    ]


def with_flags(recipe: Recipe, parsed: Any) -> Recipe:
    """Return the recipe with the flags' changes; raise SfumatoError for a wrong field, or two that conflict."""
    typed = flags.given(parsed.changes)
    trust.allow_named_in(typed)
    model, picture = typed.get("model", {}), typed.get("picture", {})
    if picture.get("size") is not None and picture.get("max_side") is not None:
        raise SfumatoError(
            f"--picture.size is the exact size. Got {picture['size']} and --picture.max-side {picture['max_side']} as "
            "well; leave one of them out."
        )
    # In a recipe a list of widths determines the depth; a different depth on the same command line is a mistake.
    if "depth" in model and "," in (widths := model.get("width", "")):
        count = widths.count(",") + 1
        if model["depth"] != str(count):
            raise SfumatoError(
                f"--model.width lists {count} layers. Got --model.depth {model['depth']} as well; leave it out."
            )
    return changed(recipe, typed)


def with_picture(recipe: Recipe, parsed: Any, recipe_source: str | None = None) -> Recipe:
    """Return the recipe with the picture of ``--picture``, an alias of ``--picture.source``.

    recipe_source: what the recipe was read from, by default the value of ``--recipe``. If only a run's folder names
    the picture, it must still be the picture that the run was trained on. Raises SfumatoError for two pictures, and
    PictureError for a picture that has changed.
    """
    source = parsed.changes.picture.source
    if isinstance(parsed.picture, flags.Default):
        check_picture(recipe, parsed, recipe_source)
        return recipe
    if not isinstance(source, flags.Default) and source != parsed.picture:
        raise SfumatoError(
            f"a network trains on one picture. Got --picture {parsed.picture!r} and --picture.source {source!r}; "
            "give one."
        )
    return changed(recipe, {"picture": {"source": parsed.picture}})


def check_picture(recipe: Recipe, parsed: Any, recipe_source: str | None = None) -> None:
    """Raise PictureError if the recipe is that of a run whose picture has changed since, unless a flag names a picture.

    recipe_source: as in `with_picture`.
    """
    source = recipe_source or (None if isinstance(parsed.recipe, flags.Default) else parsed.recipe)
    if source is None or "picture" in flags.given(parsed.changes) or not is_run(source):
        return
    # Imported late: this loads NumPy.
    from sfumato.runs.target import check_source

    check_source(Path(source), recipe)
