"""The report's page: all its parts in one file that loads nothing and runs no code of others."""

from __future__ import annotations

import base64
import hashlib
import json
from importlib import resources
from typing import Any

from sfumato.formatting import pluralize
from sfumato.lab.experiment import Experiment
from sfumato.lab.plan import Plan
from sfumato.lab.report.curves import AXES, curves_data, curves_part
from sfumato.lab.report.paintings import film_data, film_part, paintings_part
from sfumato.lab.report.pictures_part import pictures_part
from sfumato.lab.report.recipes import recipes_part
from sfumato.lab.report.tables import failures_part, limits_part, machines_part, table_part
from sfumato.lab.report.text import escaped
from sfumato.lab.report.tuning_part import HEADING, SEVERAL, tuning_part
from sfumato.lab.report.verdict_part import progress, verdict_part

LARGEST = 8_000_000
"""Most bytes of a page."""

FRAME = 4_000
"""Bytes allowed for everything that is not counted by part."""

SET_SHARE = 0.3
"""Share of the bytes for pictures that paintings of a set of pictures may take."""

FILM_SHARE = 0.35
"""Film's share of the bytes for pictures; paintings take the rest, and those that the film leaves."""

PARTS = {
    "pictures": "Pictures",
    "paintings": "Paintings",
    "film": "Film",
    "curves": "Curves",
    "table": "Table",
    "rates": HEADING,
    "failures": "Failures",
    "recipes": "Reproduce",
    "machines": "Hardware",
    "limits": "Limits",
}

PAINTED = ("paintings", "film")
"""Parts of experiments on pictures only."""


def page(experiment: Experiment) -> str:
    """Return the page, at most `LARGEST` bytes as UTF-8. Raises RunError when the folder lacks its picture."""
    state = progress(experiment)
    style, script = asset("report.css"), asset("report.js")
    curve = curves_data(experiment)
    measure, painted = experiment.plan.measure, experiment.plan.task == "picture"
    axis = f"{measure.title}, {measure.head}"
    before = verdict_part(experiment, state)
    after = [
        curves_part(experiment, curve),
        table_part(experiment),
        tuning_part(experiment),
        failures_part(experiment),
        recipes_part(experiment),
        machines_part(experiment),
        limits_part(experiment),
    ]
    shared = script_safe({"axes": AXES, "measure": axis, "curves": curve})
    text = len("".join([style, script, before, *after, shared]).encode())
    # Leave room for the captions of all arms and for the page's frame.
    room = LARGEST - text - FRAME - 2_500 * len(experiment.plan.arms)
    of_set = ""
    if experiment.plan.has_set:
        of_set = pictures_part(experiment, round(SET_SHARE * room))
        room -= len(of_set.encode())
    film = film_data(experiment, round(FILM_SHARE * room)) if painted else []
    room -= sum(len(frame["src"]) for each in film for frame in each["frames"])
    pictures = [paintings_part(experiment, room), film_part(experiment, film)] if painted else []
    body = [before, of_set, *pictures, *after]
    data = script_safe({"axes": AXES, "measure": axis, "curves": curve, "film": film})
    title = f"{experiment.plan.name}: {experiment.plan.question}"
    return document(escaped(title, 200), data, _top(experiment), "".join(body))


def asset(name: str) -> str:
    """Return the text of one of the page's assets."""
    return resources.files("sfumato.lab.report").joinpath("assets", name).read_text(encoding="utf-8")


def _top(experiment: Experiment) -> str:
    plan = experiment.plan
    parts = PARTS | ({"rates": SEVERAL} if plan.tuning is not None and plan.tuning.asked else {})
    links = "".join(
        f'<li><a href="#{identity}">{words}</a></li>'
        for identity, words in parts.items()
        if (plan.task == "picture" or identity not in PAINTED) and (plan.has_set or identity != "pictures")
    )
    facts = (
        f"{pluralize(len(plan.arms), 'arm')}, {pluralize(len(plan.seeds), 'seed')} each"
        f"{' on each picture' if plan.has_set else ''}, {_size(plan)}"
    )
    return (
        f'<div class="top"><p><b>Sfumato</b> experiment <code>{escaped(plan.name)}-{plan.id}</code></p>'
        f"<p>{facts}</p></div>"
        f'<nav aria-label="Parts of this page"><ul>{links}</ul></nav>'
    )


def _size(plan: Plan) -> str:
    if plan.task == "digits":
        return f"{plan.samples():,} digits of {plan.picture['inputs']} pixels of {_source(plan)}"
    if plan.has_set:
        return pluralize(len(plan.verdict_pictures), "picture")
    return f"{plan.picture['width']} x {plan.picture['height']} pixels of {_source(plan)}"


def _source(plan: Plan) -> str:
    return escaped(str(plan.picture["source"]).replace(chr(92), "/").split("/")[-1])


def document(title: str, data: str, top: str, body: str) -> str:
    """Return a whole page of parts; ``title`` escaped, ``data`` for the script."""
    style, script = asset("report.css"), asset("report.js")
    policy = (
        f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<link rel="icon" href="data:,">\n'
        f"<title>{title}</title>\n<style>{style}</style>\n</head>\n<body>\n{top}\n<main>\n{body}</main>\n"
        '<dialog id="large" aria-label="Enlarged painting"><form method="dialog"><img alt=""><p></p>'
        "<button>Close</button></form></dialog>\n"
        f'<script type="application/json" id="data">{data}</script>\n<script>{script}</script>\n</body>\n</html>\n'
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def script_safe(data: Any) -> str:
    """Return JSON that cannot end the element that contains it."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
