"""Sizes as people write them."""

from __future__ import annotations

import re

from sfumato.errors import RecipeError


def width_height(text: str, largest: int) -> tuple[int, int]:
    """``300x429`` -> (300, 429), in pixels. Raises RecipeError (a rule, to stand behind the field's name)."""
    match = re.fullmatch(r"([0-9]{1,9})[xX]([0-9]{1,9})", text)
    if match is None or not all(2 <= int(side) <= largest for side in match.groups()):
        raise RecipeError(f"must be WIDTHxHEIGHT, each from 2 to {largest}, such as 600x858. Got {text!r}.")
    return int(match[1]), int(match[2])
