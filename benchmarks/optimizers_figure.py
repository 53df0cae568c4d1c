"""The figure of `optimizers_result.py`: differences on each picture, with intervals, as SVG."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

WIDTH, LEFT, RIGHT = 760, 130, 20
ROW, HEAD, GAP, FOOT = 30, 34, 14, 24
TICKS = 8
"""Intervals between ticks of the axis, at most."""


def figure(numbers: Mapping[str, Any]) -> str:
    """Return an SVG: per network and comparison a dot for each picture, and the confidence interval of the mean."""
    first = numbers["settings"]["optimizers"][0]
    parts: list[str] = []
    top = 4.0
    for network in numbers["networks"].values():
        part, top = _panel(network, first, top)
        parts += part
    label = (
        f"PSNR of {first} minus that of another optimizer, dB: one dot per picture; bar: mean and confidence interval"
    )
    parts.append(f'<text x="{WIDTH / 2:.0f}" y="{top + 2:.0f}" class="axis">{html.escape(label)}</text>')
    height = top + 14
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" '
        f'height="{height:.0f}" role="img" aria-label="{html.escape(label)}">\n<style>{_STYLE}</style>\n'
        f'<rect width="{WIDTH}" height="{height:.0f}" fill="#fff"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _panel(network: Mapping[str, Any], first: str, top: float) -> tuple[list[str], float]:
    """Return the elements of a network, with an axis of its own, and where the next one begins."""
    rows = network["comparisons"]
    low, high, step = _axis([value for found in rows for value in _ends(found)])

    def at(value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (value - low) / (high - low)

    bottom = top + HEAD + ROW * len(rows)
    parts = [f'<text x="6" y="{top + 20:.0f}" class="head">{html.escape(network["title"])}</text>']
    for number in range(round((high - low) / step) + 1):
        value = low + number * step
        kind = "zero" if abs(value) < step / 1e6 else "grid"
        parts.append(
            f'<path class="{kind}" d="M{at(value):.1f} {top + HEAD:.1f}V{bottom:.1f}"/>'
            f'<text x="{at(value):.1f}" y="{bottom + 14:.1f}" class="tick">{value:g}</text>'
        )
    for number, found in enumerate(rows):
        parts.append(_row(found, f"{first} - {found['reference']}", top + HEAD + ROW * (number + 0.5), at))
    return parts, bottom + FOOT + GAP


_STYLE = (
    "text{font:12px sans-serif;fill:#333}.head{font-weight:bold;font-size:13px}.tick,.axis{text-anchor:middle}"
    ".tick{font-size:10px;fill:#777}.who{text-anchor:end}.grid{stroke:#e4e4e4}.zero{stroke:#555}"
    "circle{fill:#4878a8;fill-opacity:.45}.bar{stroke:#b04a2f;stroke-width:3}.mean{fill:#b04a2f;fill-opacity:1}"
)


def _row(found: Mapping[str, Any], who: str, y: float, at: Callable[[float], float]) -> str:
    dots = "".join(
        f'<circle cx="{at(value):.1f}" cy="{y + 5:.1f}" r="3.2"/>' for value in found["differences"].values()
    )
    bar = ""
    if found["low"] is not None and found["high"] is not None:
        bar = f'<path class="bar" d="M{at(found["low"]):.1f} {y - 6:.1f}H{at(found["high"]):.1f}"/>'
    if found["mean"] is not None:
        bar += f'<circle class="mean" cx="{at(found["mean"]):.1f}" cy="{y - 6:.1f}" r="4"/>'
    return f'<text x="{LEFT - 8}" y="{y + 4:.1f}" class="who">{html.escape(who)}</text>{dots}{bar}'


def _ends(found: Mapping[str, Any]) -> list[float]:
    return [*found["differences"].values(), *(found[end] for end in ("low", "high") if found[end] is not None)]


def _axis(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the ends and the step of an axis with round numbers that holds 0 and all values."""
    low, high = min([0.0, *values]), max([0.0, *values])
    span = high - low or 1.0
    rough = span / TICKS
    scale = 10 ** math.floor(math.log10(rough))
    step = next(scale * factor for factor in (1, 2, 5, 10) if scale * factor >= rough)
    return step * math.floor(low / step), step * math.ceil((high if high > low else low + 1) / step), step
