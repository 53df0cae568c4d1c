"""The recipe id: a short hash by which runs of the same recipe are recognized."""

from __future__ import annotations

import hashlib
import json

from sfumato.recipe.changes import values
from sfumato.recipe.recipe import Recipe


def canonical_json(recipe: Recipe, picture_sha256: str) -> str:
    """Return the recipe as JSON with sorted keys and no spaces, the picture's hash in place of its path."""
    data = values(recipe)
    data["picture"]["source"] = picture_sha256
    return json.dumps(data, sort_keys=True, separators=(",", ":"))


def recipe_id(recipe: Recipe, picture_sha256: str) -> str:
    """Return the first eight hexadecimal digits of the SHA-256 of the canonical JSON."""
    return hashlib.sha256(canonical_json(recipe, picture_sha256).encode()).hexdigest()[:8]
