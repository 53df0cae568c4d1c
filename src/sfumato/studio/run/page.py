"""The data of a run's page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sfumato.errors import RunError, SfumatoError
from sfumato.recipe import Recipe, to_string, to_toml
from sfumato.recipe.changes import flat
from sfumato.recipe.summary import differences, text
from sfumato.runs import entry, layout, run_json, weights
from sfumato.studio.gallery import cards
from sfumato.studio.run import curves, progress
from sfumato.studio.run.history import NUMBERS, History
from sfumato.studio.web import run_paths
from sfumato.studio.web.errors import Problem

FILMS = (".mp4", ".webp", ".gif")


MAX_FRAMES = 2000
"""Frames on the timeline; of more, evenly spaced ones are chosen."""


def data(folder: Path, history: History) -> dict[str, Any]:
    """Return the data of the run's page. Raise RunError if its run.json cannot be read."""
    found = run_json.read(folder)
    each = entry.read(folder)
    steps = _frame_steps(folder)
    last, by_step = _lines(history, steps)
    state = progress.state(folder, found, last, each.state in entry.LIVE)
    picture = found.get("picture")
    described = curves.description(found)
    return {
        **cards.card(each),
        "state": state["state"],
        "channels": picture.get("channels") if isinstance(picture, Mapping) else None,
        "live": each.state in entry.LIVE,
        "progress": state["progress"],
        "now": state,
        "recipe": recipe_texts(found.get("recipe")),
        **_recipe_forms(found),
        "parameters": None if described is None else described.parameters,
        "layers": None if described is None else [layer.units for layer in described.layers],
        "again": {"preset": "fast", "changes": _form_changes(each, found.get("recipe"))},
        "ended": found.get("ended"),
        "finished": found.get("finished"),
        "result": found.get("result"),
        "findings": found.get("findings"),
        "provenance": found.get("provenance"),
        "resumed": found.get("resumed"),
        "overhead": found.get("overhead"),
        "moments": moments(folder),
        "frames": [frame(step, by_step, curves.operations_per_sample(found)) for step in steps],
        "files": _files(folder),
    }


def recipe_texts(recipe: Any) -> dict[str, str]:
    """Return ``{"model.depth": "4", ...}``, every field as text for the form."""
    return {name: text(value) for name, value in flat(recipe).items()} if isinstance(recipe, Mapping) else {}


def moments(folder: Path) -> list[dict[str, Any]]:
    """Return ``{step, epoch, seconds}`` of every saved moment that can be read."""
    found: list[dict[str, Any]] = []
    for path in layout.moments(folder):
        try:
            run_paths.file(folder, layout.MOMENTS, path.name)
            moment = weights.moment_of(path)
        except (RunError, Problem):
            continue
        found.append({"step": layout.step_of(path), "epoch": moment.epoch, "seconds": moment.seconds})
    return found


def frame(step: int, by_step: Mapping[int, Mapping[str, Any]], operations_per_sample: int | None) -> dict[str, Any]:
    """Return ``{step, epoch, seconds, operations, psnr, loss}`` of an exact painting.

    Values of its line of the metrics are null if it has no line.
    """
    line = by_step.get(step, {})
    samples = line.get("samples")
    return {
        "step": step,
        **{name: line.get(name) for name in ("epoch", "seconds", "psnr", "loss")},
        "operations": None if operations_per_sample is None or samples is None else operations_per_sample * samples,
    }


def _frame_steps(folder: Path) -> list[int]:
    steps = [layout.step_of(path) for path in layout.of_steps(folder, layout.FRAMES)]
    if len(steps) <= MAX_FRAMES:
        return steps
    return [steps[round(number * (len(steps) - 1) / (MAX_FRAMES - 1))] for number in range(MAX_FRAMES)]


def _lines(history: History, steps: list[int]) -> tuple[dict[str, Any] | None, dict[int, dict[str, Any]]]:
    """Return the last line of the metrics, and the lines of some steps."""
    with history.lock:
        try:
            history.update()
        except RunError:
            # The page reports the error where it shows the curves.
            return None, {}
        last = {name: history.column(name, [len(history) - 1])[0] for name in NUMBERS} if len(history) else None
        return last, history.by_step(steps)


def _recipe_forms(found: Mapping[str, Any]) -> dict[str, str | None]:
    try:
        recipe = Recipe.of(found["recipe"])
        return {"text": to_toml(recipe), "string": to_string(recipe)}
    except (SfumatoError, TypeError):
        # The recipe is of another version.
        return {"text": None, "string": None}


def _form_changes(each: entry.Entry, recipe: Any) -> dict[str, str]:
    # The entry's own differences are shortened.
    return {"picture.source": each.picture, **(differences(recipe) if isinstance(recipe, Mapping) else {})}


def _files(folder: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    at = f"/api/runs/{run_paths.in_url(folder.name)}/files"
    for key, every in (("film", [f"{layout.FILM}{ending}" for ending in FILMS]), ("curve", [layout.CURVE])):
        for name in every:
            if key not in found and (folder / name).is_file() and not (folder / name).is_symlink():
                found[key] = f"{at}/{name}"
    return found
