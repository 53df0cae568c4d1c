"""Text that people give, made fit to be drawn."""

from __future__ import annotations


def one_line(text: str) -> str:
    """The text without what has no place in a line: breaks and control characters."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
