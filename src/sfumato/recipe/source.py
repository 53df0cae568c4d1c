"""Recipes by their source: a preset, a shared string, a file, or a run folder."""

from __future__ import annotations

import difflib
import json
import stat
from pathlib import Path

from sfumato.errors import RecipeError
from sfumato.formatting import shortened
from sfumato.recipe.presets import DESCRIPTIONS, preset
from sfumato.recipe.recipe import Recipe
from sfumato.recipe.text import OLD_PREFIX, PREFIX, from_json, from_string, from_toml

RUN = "run.json"
"""File in a run folder whose key ``recipe`` holds the recipe."""

MAX_BYTES = 1024 * 1024
"""Largest size of a recipe file or run.json."""

KINDS = f"a preset, an {PREFIX}... string, a .json or .toml file, or a run folder"

_PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".tif", ".tiff", ".bmp", ".avif", ".heic")


def read(source: str) -> Recipe:
    """Read the recipe that ``source`` names. Raises RecipeError with one line.

    Names of presets take precedence; a file of that name is read as ``./name``.
    """
    if source in DESCRIPTIONS:
        return preset(source)
    if source.strip().startswith((PREFIX, OLD_PREFIX)):
        return from_string(source)
    path = Path(source)
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        raise _unreadable(source, path, error) from None
    if stat.S_ISDIR(mode):
        path = path / RUN
        if not path.is_file():
            raise _refusal(source, f"a folder without a {RUN}")
    elif not stat.S_ISREG(mode):
        raise _refusal(source, "which is not a file")
    suffix = path.suffix.lower()
    if suffix in _PICTURES:
        raise _refusal(source, "a picture: give it as the picture to paint, without --recipe")
    if suffix not in (".json", ".toml"):
        raise _refusal(source, "a file of another kind")
    text = _text(source, path)
    try:
        return from_toml(text) if suffix == ".toml" else _from_json(text)
    except RecipeError as error:
        raise RecipeError(f"{_quoted(source)}: {error}") from None


def is_run(source: str) -> bool:
    """Tell whether `read` takes the recipe from a run folder."""
    try:
        return (
            source not in DESCRIPTIONS
            and not source.strip().startswith((PREFIX, OLD_PREFIX))
            and (Path(source) / RUN).is_file()
        )
    except (OSError, ValueError):
        return False


def _text(source: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise _refusal(source, f"a file of more than {MAX_BYTES // 1024} KiB")
        # Some editors write a byte order mark at the beginning.
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refusal(source, "a file that is not UTF-8 text") from None
    except OSError as error:
        raise _refusal(source, f"which cannot be read ({_reason(error)})") from None


def _from_json(text: str) -> Recipe:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        # Raises the same error as for any other JSON.
        return from_json(text)
    if isinstance(data, dict) and "layout" in data and "recipe" in data:
        if not isinstance(data["recipe"], dict):
            raise RecipeError(f"recipe must be a table of fields. Got {type(data['recipe']).__name__}.")
        return Recipe.of(data["recipe"])
    return from_json(text)


def _unreadable(source: str, path: Path, error: Exception) -> RecipeError:
    if not isinstance(error, FileNotFoundError):
        return _refusal(source, f"which cannot be read ({_reason(error)})")
    close = difflib.get_close_matches(source, DESCRIPTIONS, n=1)
    if not close:
        try:
            names = [each.name for each in path.parent.iterdir()]
        except OSError:
            names = []
        close = [str(path.with_name(name)) for name in difflib.get_close_matches(path.name, names, n=1, cutoff=0.7)]
    return _refusal(source, "which does not exist", f"did you mean {_quoted(close[0])}?" if close else "")


def _refusal(source: str, found: str, hint: str = "") -> RecipeError:
    presets = ", ".join(DESCRIPTIONS)
    return RecipeError(
        f"the recipe must be {KINDS}. Got {_quoted(source)}, {found}; {hint or f'the presets are {presets}.'}"
    )


def _reason(error: Exception) -> str:
    return error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error)


def _quoted(source: str) -> str:
    return shortened(repr(source))
