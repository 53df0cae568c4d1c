"""Numbers and texts as people read them."""

from __future__ import annotations

import math


def duration(seconds: float) -> str:
    """To about two digits: ``about 25 min``."""
    if seconds < 90:
        return f"about {_rounded(seconds)} s"
    if seconds < 90 * 60:
        return f"about {_rounded(seconds / 60)} min"
    if seconds < 36 * 3600:
        return f"about {_rounded(seconds / 3600)} h"
    return f"about {_rounded(seconds / 86400)} days"


def clock(seconds: float) -> str:
    """``0:07`` or ``1:02:03``; ``-:--`` where it is not known."""
    if not math.isfinite(seconds):
        return "-:--"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def count(number: float) -> str:
    """``950``, ``3.1k`` or ``1.25M``."""
    return f"{number / 1e6:.2f}M" if number >= 1e6 else f"{number / 1e3:.1f}k" if number >= 1e3 else f"{number:.0f}"


def one_digit(number: float) -> float:
    """Round to the first digit: 0.00123 to 0.001."""
    return float(f"{number:.1g}")


def shortened(text: str, most: int = 120) -> str:
    """The text, its middle cut out where it is longer than ``most`` letters."""
    return text if len(text) <= most else f"{text[: most // 2]}...{text[-most // 3 :]}"


def _rounded(number: float) -> str:
    return f"{number:.{0 if number >= 9.5 else 1}f}".removesuffix(".0")
