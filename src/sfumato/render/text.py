"""Preparing text from users for drawing."""

from __future__ import annotations


def one_line(text: str) -> str:
    """Return the text in one line, with runs of whitespace and unprintable characters replaced by one space."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
