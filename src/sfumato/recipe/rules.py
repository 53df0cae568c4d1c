"""Rules in plain words from pydantic's errors."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic_core import ErrorDetails

_REPLACED = {
    r"^Input should be ": "",
    r"^String should have ": "text with ",
    r"^a valid integer.*": "a whole number",
    r"^Unable to parse input string as an integer.*": "a whole number of fewer digits",
    r"^a valid number.*": "a number",
    r"^a valid boolean.*": "true or false",
    r"greater than or equal to": "at least",
    r"less than or equal to": "at most",
}


def rule(errors: Sequence[ErrorDetails]) -> str:
    """Return the rule that a value breaks: those of all branches of a union, joined by ``or``."""
    return " or ".join(dict.fromkeys(_one(error["msg"]) for error in errors))


def _one(text: str) -> str:
    for pattern, replacement in _REPLACED.items():
        text = re.sub(pattern, replacement, text)
    return text
