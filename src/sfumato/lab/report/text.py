"""Text and numbers as HTML. User input, such as an arm's name, is escaped by `escaped` everywhere."""

from __future__ import annotations

import html
import math

from sfumato.lab.ablation_words import Named
from sfumato.render.text import one_line

LONGEST = 120
"""Most letters of a name; a longer one ends in an ellipsis."""

NONE = "-"


def escaped(text: str, longest: int = LONGEST) -> str:
    """Return the text as one line, escaped, fit for an element or a quoted attribute."""
    line = one_line(text)
    return html.escape(line if len(line) <= longest else line[: longest - 1] + "…")


def name(arm: Named) -> str:
    """Return an arm's name in sentences, escaped."""
    return escaped(arm.title or arm.name)


def plain(arm: Named) -> str:
    """Return an arm's name in sentences, not escaped, for data."""
    line = one_line(arm.title or arm.name)
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def decibels(value: float | None) -> str:
    """Return the value with two decimals."""
    return NONE if value is None or not math.isfinite(value) else f"{value:.2f}"


def figure(value: float | None) -> str:
    """Return the value with three digits, and with thousands separators from 1,000 on."""
    if value is None or not math.isfinite(value):
        return NONE
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def section(identity: str, heading: str, body: str, *, lead: str = "") -> str:
    """Return one part of the page; ``lead`` and ``body`` are HTML."""
    words = f'<p class="lead">{lead}</p>' if lead else ""
    return (
        f'<section id="{identity}" aria-labelledby="{identity}-h"><h2 id="{identity}-h">{heading}</h2>'
        f"{words}{body}</section>\n"
    )


def scrollable(label: str, table: str) -> str:
    """Return a table that scrolls sideways on narrow screens, by keyboard too."""
    return f'<div class="scroll" role="region" aria-label="{label}" tabindex="0">{table}</div>'
