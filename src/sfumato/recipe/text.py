"""Recipes as JSON, as TOML, and as strings for sharing; and the recipe id."""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import json
import tomllib
import zlib
from collections.abc import Mapping
from importlib import resources
from typing import Any

import tomli_w

from sfumato.errors import RecipeError
from sfumato.recipe.changes import NONE, difference, merged, optional, values
from sfumato.recipe.recipe import Recipe

PREFIX = "sf2:"
OLD_PREFIX = "sf1:"
MAX_JSON = 64 * 1024
"""Largest size of a string's unpacked JSON in bytes; larger ones are rejected."""
MAX_TOML = 16 * 1024


def canonical_json(recipe: Recipe, picture_sha256: str) -> str:
    """Return the recipe as JSON with sorted keys and no spaces, the picture's hash in place of its path.

    A field that came after the format of strings is included only where it differs from its default, so that it leaves
    the ids of older recipes as they were.
    """
    data = _without_later_defaults(values(recipe), values(Recipe()), _base())
    data["picture"]["source"] = picture_sha256
    return json.dumps(data, sort_keys=True, separators=(",", ":"))


def recipe_id(recipe: Recipe, picture_sha256: str) -> str:
    """Return the first eight hexadecimal digits of the SHA-256 of the canonical JSON."""
    return hashlib.sha256(canonical_json(recipe, picture_sha256).encode()).hexdigest()[:8]


def to_json(recipe: Recipe) -> str:
    """Return the whole recipe as indented JSON."""
    return json.dumps(values(recipe), indent=2) + "\n"


def from_json(text: str) -> Recipe:
    """Read a recipe from JSON; absent fields have their defaults. Raises RecipeError."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecipeError(f"the recipe must be valid JSON: {error}.") from None
    return _from_values(data)


def to_toml(recipe: Recipe) -> str:
    """Return the whole recipe as TOML.

    A field without a value is omitted where None is its default, and written as ``"none"`` otherwise.
    """
    return tomli_w.dumps(_without_none(values(recipe), values(Recipe())))


def from_toml(text: str) -> Recipe:
    """Read a recipe from TOML; absent fields have their defaults, except in a budget, which replaces the default as a
    whole. Raises RecipeError.
    """
    if len(text) > MAX_TOML:
        # The time of tomllib grows with the square of a dotted name's length.
        raise RecipeError(f"the recipe must be TOML of at most {MAX_TOML:,} characters. Got {len(text):,}.")
    try:
        data = _with_none(tomllib.loads(text))
    except (ValueError, RecursionError) as error:
        raise RecipeError(f"the recipe must be valid TOML: {error}.") from None
    return _from_values(data)


def to_string(recipe: Recipe) -> str:
    """Return one URL-safe string, ``sf2:...``: the compressed differences from a base that never changes."""
    changes = json.dumps(difference(values(recipe), _base()), separators=(",", ":")).encode()
    return PREFIX + base64.urlsafe_b64encode(zlib.compress(changes, 9)).decode().rstrip("=")


def from_string(text: str) -> Recipe:
    """Read a string that `to_string` wrote. Raises RecipeError."""
    if text.strip().startswith(OLD_PREFIX):
        raise RecipeError(
            f"the recipe must be a {PREFIX}... string. Got {OLD_PREFIX}..., which an older Sfumato wrote."
        )
    body = text.strip().removeprefix(PREFIX)
    damaged = RecipeError(f"the recipe must be a whole {PREFIX}... string. Got {text[:40]!r}, which does not unpack.")
    try:
        packed = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
        unpacker = zlib.decompressobj()
        data = unpacker.decompress(packed, MAX_JSON)
        if not unpacker.eof:
            raise damaged
        changes = json.loads(data)
    except (binascii.Error, zlib.error, ValueError, RecursionError):
        raise damaged from None
    if not isinstance(changes, dict):
        raise damaged
    return Recipe.of(merged(_base(), changes))


@functools.cache
def _base() -> dict[str, Any]:
    # The base was frozen with the format, so that later changes of the defaults do not change old strings.
    return json.loads(resources.files("sfumato.recipe").joinpath("sf2-base.json").read_text(encoding="utf-8"))


def _without_later_defaults(data: Mapping[str, Any], defaults: Mapping[str, Any], base: Mapping[str, Any]) -> Any:
    return {
        key: _without_later_defaults(value, defaults[key], base.get(key, {})) if isinstance(value, Mapping) else value
        for key, value in data.items()
        if key in base or value != defaults[key]
    }


def _from_values(data: Any) -> Recipe:
    if not isinstance(data, dict):
        raise RecipeError(f"the recipe must be a table of fields. Got {type(data).__name__}.")
    return Recipe.of(data)


def _with_none(data: dict[str, Any], path: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, dict):
            found[key] = _with_none(value, f"{path}{key}.")
        else:
            found[key] = None if value == NONE and optional(f"{path}{key}") else value
    return found


def _without_none(data: dict[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    # TOML has no null. A budget replaces the default as a whole: its absent fields are None.
    return {
        key: _without_none(value, {} if key == "budget" else defaults.get(key) or {})
        if isinstance(value, dict)
        else NONE
        if value is None
        else value
        for key, value in data.items()
        if value is not None or (isinstance(defaults, Mapping) and defaults.get(key) is not None)
    }
