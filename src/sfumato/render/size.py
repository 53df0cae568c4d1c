"""Parsing sizes such as 300x429."""

from __future__ import annotations

import re

from sfumato.errors import RecipeError


def width_height(text: str, max_side: int) -> tuple[int, int]:
    """Parse ``300x429`` as (300, 429), in pixels. Raises RecipeError with a rule, to follow the field's name."""
    match = re.fullmatch(r"([0-9]{1,9})[xX]([0-9]{1,9})", text)
    if match is None or not all(2 <= int(side) <= max_side for side in match.groups()):
        raise RecipeError(f"must be WIDTHxHEIGHT, each from 2 to {max_side}, such as 600x858. Got {text!r}.")
    return int(match[1]), int(match[2])
