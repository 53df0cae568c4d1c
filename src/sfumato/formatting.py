"""Formatting of numbers and texts for people."""

from __future__ import annotations

import math


def duration(seconds: float) -> str:
    """Format a duration to about two digits: ``about 25 min``."""
    if seconds < 90:
        return f"about {_round(seconds)} s"
    if seconds < 90 * 60:
        return f"about {_round(seconds / 60)} min"
    if seconds < 36 * 3600:
        return f"about {_round(seconds / 3600)} h"
    return f"about {_round(seconds / 86400)} days"


def clock(seconds: float) -> str:
    """Format seconds as ``0:07`` or ``1:02:03``, and as ``-:--`` if they are not finite."""
    if not math.isfinite(seconds):
        return "-:--"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def count(number: float) -> str:
    """Format a number as ``950``, ``3.1k``, or ``1.25M``."""
    return f"{number / 1e6:.2f}M" if number >= 1e6 else f"{number / 1e3:.1f}k" if number >= 1e3 else f"{number:.0f}"


def one_digit(number: float) -> float:
    """Round a number to one significant digit: 0.00123 to 0.001."""
    return float(f"{number:.1g}")


def pluralize(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun: ``1 seed``, ``5 seeds``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def shortened(text: str, max_length: int = 120) -> str:
    """Return the text, with its middle cut out if it has more than ``max_length`` characters."""
    return text if len(text) <= max_length else f"{text[: max_length // 2]}...{text[-max_length // 3 :]}"


def _round(number: float) -> str:
    return f"{number:.{0 if number >= 9.5 else 1}f}".removesuffix(".0")
