"""The differences between two arms on each picture, or on each of other random units, as a plot."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sfumato.formatting import pluralize
from sfumato.lab.report.text import escaped, name
from sfumato.lab.verdict import Comparison

MAX_ROWS = 60
"""Rows of a plot: the largest differences, either way."""
MAX_DOTS = 50
"""Seeds of a row that have a circle each; of more, their range is drawn alone."""


def unit_differences(comparison: Comparison, names: Sequence[str], measure: str, *, is_open: bool) -> str:
    """Return the plot, from the largest difference to the smallest, with those on which it turns.

    ``names``: those of the units by number; ``measure``: what is compared, and its unit.
    """
    values = {number: each for number, each in comparison.differences.items() if len(each)}
    order = sorted(values, key=lambda number: -float(np.mean(values[number])))
    if len(order) > MAX_ROWS:
        order = order[: MAX_ROWS // 2] + order[-MAX_ROWS // 2 :]
    ends = [0.0, *(value for number in order for value in values[number])]
    margin = 0.08 * (max(ends) - min(ends)) or 1.0
    span = min(ends) - margin, max(ends) + margin
    rows = "".join(_row(names[number], values[number], span, comparison.decimals) for number in order)
    what = f"{name(comparison.a)} minus {name(comparison.b)}"
    where = f"Difference in {measure}, on each {escaped(comparison.unit_name)}: {what}"
    figure = (
        f'<figure class="intervals"><figcaption>{where}. The large circle is the mean, the small ones are seeds.'
        f"</figcaption>{rows}</figure>"
    )
    turning = f"<p>{_turning(comparison, names)}</p>"
    return f"<details{' open' if is_open else ''}><summary>{what}</summary>{turning}{figure}</details>"


def _row(unit: str, values: Sequence[float], span: tuple[float, float], decimals: int) -> str:
    def at(value: float) -> str:
        return f"{100 * (value - span[0]) / (span[1] - span[0]):.2f}%"

    mean = float(np.mean(values))
    marks = f'<line class="zero" x1="{at(0.0)}" x2="{at(0.0)}" y1="0" y2="100%"/>'
    if len(values) > 1:
        marks += f'<line class="range" x1="{at(min(values))}" x2="{at(max(values))}" y1="50%" y2="50%"/>'
        if len(values) <= MAX_DOTS:
            marks += "".join(f'<circle cx="{at(value)}" cy="50%" r="2"/>' for value in values)
    marks += f'<circle cx="{at(mean)}" cy="50%" r="5"/>'
    kind = "better" if mean > 0 else "worse" if mean < 0 else "open"
    return (
        f'<div class="interval {kind}"><span class="who">{escaped(unit)}</span>'
        f'<svg aria-hidden="true" height="20">{marks}</svg><span class="how-much">{mean:+.{decimals}f}</span></div>'
    )


def _turning(comparison: Comparison, names: Sequence[str]) -> str:
    """Return a sentence about the units whose difference has the other sign than the mean."""
    mean = comparison.difference.mean
    means = {number: float(np.mean(each)) for number, each in comparison.differences.items() if len(each)}
    other = [number for number, value in means.items() if value * mean < 0]
    counted = escaped(pluralize(len(means), comparison.unit_name))
    if not mean:
        return f"The mean difference on {counted} is 0."
    if not other:
        return f"The difference has the same sign on all {counted}."
    turned = escaped(", ".join(names[number] for number in other), 600)
    return f"On {len(other)} of {counted} the difference turns: {turned}."
