"""The data of a sweep's page: what was tried in bounded columns, and single configurations in full."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.errors import SfumatoError
from sfumato.recipe import Recipe, from_string, values
from sfumato.recipe.summary import differences
from sfumato.runs.entry import is_held, printable
from sfumato.studio.sweeps import database, spec_file, tried
from sfumato.studio.sweeps.spec_file import BETTER, SpecFile
from sfumato.studio.sweeps.tried import FINISHED, STATES, Tried
from sfumato.studio.web import run_paths
from sfumato.studio.web.errors import Problem

MAX_SHOWN = 2000
"""Configurations on a page: the best, the front, and of the others evenly chosen ones."""
MAX_BEST = 500
MAX_FRONT = 200
MAX_DETAILS = 24
"""Configurations in full in one response."""
MAX_RECIPE = 20_000
"""Characters of a recipe's string."""
MAX_REASON = 300
TOP = 3
"""Configurations of the verdict's command."""


def data(folder: Path) -> dict[str, Any]:
    """Return the data of a sweep's page. Raise Problem if it cannot be read."""
    spec = spec_file.read(folder)
    require_own_database(spec)
    with database.opened(folder) as opened:
        found = tried.read(opened, spec.objectives)
        signs = np.array([1.0 if BETTER[name] == "maximize" else -1.0 for name in spec.objectives])
        front = tried.pareto(found.values, signs, MAX_FRONT) if len(spec.objectives) > 1 else []
        rows = _chosen(found, found.values[:, 0] * signs[0], front)
        ids = [found.ids[row] for row in rows]
        axes = tried.axes(opened, ids, spec.space)
        results = tried.results(opened, ids)
    for at, row in enumerate(rows):
        if found.states[row] in (tried.DIVERGED, tried.FAILED):
            # It counts as the worst there is, which is no measurement.
            results["psnr"][at] = results["ssim"][at] = None
    return {
        **about(folder, spec),
        "counts": {state: found.count(state) for state in STATES} | {"pruned": found.pruned, "running": found.running},
        "tried": found.total,
        "wanted": found.wanted,
        "considered": found.latest,
        "left_out": found.total - len(rows),
        "number": [found.numbers[row] for row in rows],
        "state": [STATES.index(found.states[row]) for row in rows],
        "states": list(STATES),
        "axes": [
            {
                "name": axis.name,
                "choices": axis.choices,
                "low": axis.low,
                "high": axis.high,
                "log": axis.log,
                "values": short(axis.values),
            }
            for axis in axes
        ],
        "results": {name: short(column) for name, column in results.items() if _is_any(column)},
        "front": [found.numbers[row] for row in front],
        "curve": {
            "tried": [place for place, _ in found.curve],
            "value": short([value for _, value in found.curve]),
        },
        "verdict": verdict(folder, found),
    }


def about(folder: Path, spec: SpecFile) -> dict[str, Any]:
    """Return what is known without the database."""
    return {
        "name": run_paths.encode(folder.name),
        "shown": printable(folder.name),
        "live": is_held(folder, unknown=False),
        "objectives": [{"name": name, "better": BETTER[name]} for name in spec.objectives],
        "sampler": printable(spec.sampler)[:40],
        "pruner": printable(spec.pruner)[:40],
        "equal": printable(spec.equal)[:40],
        "seeds": spec.seeds,
        "picture": spec.picture,
    }


def require_own_database(spec: SpecFile) -> None:
    """Raise Problem for a sweep whose database is elsewhere: an address in a folder is never connected to."""
    if spec.storage is not None:
        raise Problem(
            409,
            "The database of this sweep is elsewhere (--storage), and the studio connects to no address that a folder "
            "has. In a terminal: sfumato sweep best.",
        )


def verdict(folder: Path, found: Tried) -> str | None:
    """Return the command that compares the best on fresh seeds; None where there are not two."""
    top = min(TOP, found.count(FINISHED))
    return f"sfumato sweep best {shlex.quote(printable(str(folder)))} --top {top} --verdict" if top > 1 else None


def details(folder: Path, numbers: Sequence[int]) -> list[dict[str, Any]]:
    """Return recipe, form and painting of some configurations. Raise Problem if the sweep cannot be read."""
    require_own_database(spec_file.read(folder))
    with database.opened(folder) as opened:
        ids = ",".join("?" * len(numbers))
        query = (
            f"SELECT trial_id, number FROM trials WHERE study_id = ? AND number IN ({ids}) AND {database.WHOLE} "
            f"LIMIT {MAX_DETAILS}"
        )
        by_id = dict(opened.rows(query, (opened.study, *numbers)))
        texts: dict[tuple[int, str], Any] = {}
        query = (
            f"SELECT trial_id, key, substr(value_json, 1, {MAX_RECIPE}) FROM trial_user_attributes "
            "WHERE key IN ('recipe', 'reason') AND trial_id IN ({trials})"
        )
        for trial, key, text in opened.of_trials(query, list(by_id)):
            texts[trial, key] = tried.parsed(text)
    return [
        {
            "number": number,
            "reason": printable(" ".join(reason.split()))[:MAX_REASON] if isinstance(reason, str) else None,
            "painting": _painting(folder, number),
            **_forms(texts.get((trial, "recipe"))),
        }
        for trial, number in by_id.items()
        for reason in (texts.get((trial, "reason")),)
    ]


def painting(folder: Path, number: int) -> Path:
    """Return the path of a configuration's painting. Raise Problem if there is none."""
    try:
        return run_paths.file(folder, spec_file.PAINTINGS, f"{number:06d}.png")
    except Problem:
        raise Problem(404, "There is no painting of this configuration.") from None


def _painting(folder: Path, number: int) -> str | None:
    try:
        modified = painting(folder, number).stat().st_mtime_ns
    except (Problem, OSError):
        return None
    return f"/api/sweeps/{run_paths.in_url(folder.name)}/paintings/{number}.png?v={modified:x}"


def _forms(text: Any) -> dict[str, Any]:
    """Return a recipe as a string, as a command, and as the form's fields; the last is None for a custom network."""
    try:
        recipe: Recipe | None = from_string(text) if isinstance(text, str) else None
    except SfumatoError:
        recipe = None
    if recipe is None:
        return {"recipe": None, "command": None, "again": None}
    changes = {"picture.source": recipe.picture.source, **differences(values(recipe))}
    custom = bool(recipe.model.imports)
    return {
        "recipe": text,
        "command": f"sfumato paint --recipe {shlex.quote(text)}",
        "again": None if custom else {"preset": "fast", "changes": changes},
    }


def _chosen(found: Tried, scores: NDArray[np.float64], front: Sequence[int]) -> list[int]:
    """Return the rows of the page, in order."""
    if len(found.ids) <= MAX_SHOWN:
        return list(range(len(found.ids)))
    finished = np.flatnonzero(np.isfinite(scores))
    best = finished[np.argsort(-scores[finished], kind="stable")[:MAX_BEST]]
    chosen = {*best.tolist(), *front}
    latest = range(len(found.ids) - found.latest, len(found.ids))
    rest = tried.evenly((row for row in latest if row not in chosen), MAX_SHOWN - len(chosen))
    return sorted(chosen.union(rest))


def short(column: Sequence[float | None]) -> list[float | int | None]:
    """Return numbers with six digits, as many as a page shows."""
    return [
        None if value is None else int(value) if value.is_integer() and abs(value) < 1e15 else float(f"{value:.6g}")
        for value in column
    ]


def _is_any(column: Sequence[float | None]) -> bool:
    return any(value is not None for value in column)
