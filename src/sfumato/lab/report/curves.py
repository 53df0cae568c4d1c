"""Learning curves of every arm: the mean over the seeds, and a band from the worst to the best of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from sfumato.lab.experiment import Experiment, good
from sfumato.lab.plan import Arm
from sfumato.lab.report.text import name, plain, section

AXES = {"epoch": "epochs", "gflop": "GFLOP", "seconds": "seconds"}
"""Horizontal axes of the curves and the film, with their labels."""

FIELDS = ("epoch", "samples", "seconds")


def curves_data(experiment: Experiment) -> list[dict[str, Any]]:
    """Return each arm's name and points, with ``epoch``, ``gflop``, ``seconds``, ``mean``, ``low`` and ``high``."""
    return [{"name": plain(arm), "points": points(experiment, arm)} for arm in experiment.plan.arms]


def points(experiment: Experiment, arm: Arm) -> list[dict[str, Any]]:
    """Return one point per mark, over the seeds that finished and have a value there."""
    field = experiment.plan.measure.field
    curves = [row["curve"] for row in experiment.results(arm).values() if good(row) and row.get("curve")]
    if not curves:
        return []
    found: list[dict[str, Any]] = []
    for at_mark in zip(*aligned(curves, field), strict=True):
        known = [point for point in at_mark if point[field] is not None]
        if known:
            scores = [point[field] for point in known]
            means = {each: float(np.mean([point[each] for point in known])) for each in FIELDS}
            found.append(
                {
                    "epoch": means["epoch"],
                    "gflop": None if arm.operations is None else means["samples"] * arm.operations / 1e9,
                    "seconds": means["seconds"],
                    "mean": float(np.mean(scores)),
                    "low": min(scores),
                    "high": max(scores),
                }
            )
    return found


def aligned(curves: list[list[dict[str, Any]]], field: str) -> list[list[dict[str, Any]]]:
    """Return the curves with equally many points, interpolated at the marks of a shortest one where some have more."""
    shortest = min(curves, key=len)
    if all(len(curve) == len(shortest) for curve in curves):
        return curves
    marks = [point["samples"] / shortest[-1]["samples"] for point in shortest]
    return [_read_off(curve, marks, field) for curve in curves]


def _read_off(curve: list[dict[str, Any]], marks: list[float], field: str) -> list[dict[str, Any]]:
    known = [point for point in curve if point[field] is not None]
    if not known:
        return [{field: None, **dict.fromkeys(FIELDS, 0.0)} for _ in marks]
    fractions = [point["samples"] / curve[-1]["samples"] for point in known]
    columns = {each: np.interp(marks, fractions, [point[each] for point in known]) for each in (field, *FIELDS)}
    return [{each: float(column[index]) for each, column in columns.items()} for index in range(len(marks))]


def curves_part(experiment: Experiment, data: list[dict[str, Any]]) -> str:
    """Return the section, which the page's script draws."""
    if not any(each["points"] for each in data):
        return section("curves", "Curves", "<p>No arm has finished training yet.</p>")
    legend = "".join(
        f'<li><button type="button" data-arm="{number}" aria-pressed="false"><svg class="swatch" width="26" '
        f'height="10" aria-hidden="true"><line class="{line_class(number)}" x1="1" x2="25" y1="5" y2="5"/></svg>'
        f"{name(arm)}"
        "</button></li>"
        for number, arm in enumerate(experiment.plan.arms)
        if data[number]["points"]
    )
    measure = experiment.plan.measure
    unknown = [name(arm) for arm in experiment.plan.arms if arm.operations is None]
    note = f" Operations are unknown for {', '.join(unknown)}." if unknown else ""
    body = (
        f'{axis_choice("curve", AXES)}<div id="chart" role="img" aria-label="{measure.title} of every arm during '
        'training; the same numbers are in curve.csv"></div><ul class="legend" aria-label="Arms; press one to '
        f'highlight it">{legend}</ul>'
    )
    over = "the trainings on all pictures" if experiment.plan.has_set else "the seeds"
    lead = (
        f"{measure.title} in {measure.head} at marks of training. Lines are means over {over} that finished, bands "
        f"reach from the worst of them to the best. On the axes of seconds and GFLOP a mark is at the mean of its "
        f"seeds.{note}"
    )
    return section("curves", "Curves", body, lead=lead)


def line_class(number: int) -> str:
    """Return the class of an arm's line: eight colors, then the same ones dashed, and so on."""
    return f"c{number % 8} d{number // 8 % 4}"


def axis_choice(owner: str, axes: dict[str, str]) -> str:
    """Return the buttons that choose the axis; the script keeps those of film and curves equal."""
    buttons = "".join(
        f'<label><input type="radio" name="axis-{owner}" value="{key}"{" checked" if key == "epoch" else ""}>'
        f"<span>{words}</span></label>"
        for key, words in axes.items()
    )
    return f'<fieldset class="axis"><legend class="unseen">Horizontal axis</legend>{buttons}</fieldset>'
