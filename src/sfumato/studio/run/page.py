"""All that is known of one run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sfumato.errors import RunError, SfumatoError
from sfumato.recipe import Recipe, to_string, to_toml
from sfumato.recipe.changes import flat
from sfumato.recipe.summary import text
from sfumato.runs import entry, facts, layout, metrics, weights
from sfumato.studio.gallery import cards
from sfumato.studio.run import curves, progress
from sfumato.studio.web import names
from sfumato.studio.web.problems import Problem

FILMS = (".mp4", ".webp", ".gif")


def data(runs: Path, name: str) -> dict[str, Any]:
    """What the run's page shows. Raises Problem, or RunError where its run.json cannot be read."""
    folder = names.folder(runs, name)
    found = facts.read(folder)
    each = entry.read(folder)
    lines = _lines(folder)
    state = progress.state(folder, found, lines[-1] if lines else None, each.state in entry.LIVE)
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
        **_written(found),
        "parameters": None if described is None else described.parameters,
        "layers": None if described is None else [layer.units for layer in described.layers],
        "again": {"preset": "fast", "changes": _again(each)},
        "ended": found.get("ended"),
        "finished": found.get("finished"),
        "result": found.get("result"),
        "findings": found.get("findings"),
        "provenance": found.get("provenance"),
        "resumed": found.get("resumed"),
        "looking": found.get("looking"),
        "moments": moments(folder),
        "frames": frames(folder, lines, curves.operations_a_sample(found)),
        "files": _files(folder),
    }


def recipe_texts(recipe: Any) -> dict[str, str]:
    """``{"model.depth": "4", ...}``: every field as a form takes it."""
    return {name: text(value) for name, value in flat(recipe).items()} if isinstance(recipe, Mapping) else {}


def moments(folder: Path) -> list[dict[str, Any]]:
    """``{step, epoch, seconds}`` of every saved moment that can be read."""
    found: list[dict[str, Any]] = []
    for path in layout.of_steps(folder, layout.MOMENTS):
        try:
            names.file(folder, layout.MOMENTS, path.name)
            moment = weights.moment_of(path)
        except (RunError, Problem):
            continue
        found.append({"step": layout.step_of(path), "epoch": moment.epoch, "seconds": moment.seconds})
    return found


def frames(folder: Path, lines: list[dict[str, Any]], operations_a_sample: int | None) -> list[dict[str, Any]]:
    """``{step, epoch, seconds, operations, psnr, loss}`` of every exact painting."""
    by_step = {line["step"]: line for line in lines}
    return [
        frame(layout.step_of(path), by_step, operations_a_sample) for path in layout.of_steps(folder, layout.FRAMES)
    ]


def frame(step: int, by_step: Mapping[int, Mapping[str, Any]], operations_a_sample: int | None) -> dict[str, Any]:
    """One of `frames`; null for what its line of the metrics would tell and there is none."""
    line = by_step.get(step, {})
    samples = line.get("samples")
    return {
        "step": step,
        **{name: line.get(name) for name in ("epoch", "seconds", "psnr", "loss")},
        "operations": None if operations_a_sample is None or samples is None else operations_a_sample * samples,
    }


def _lines(folder: Path) -> list[dict[str, Any]]:
    try:
        return metrics.read(folder / layout.METRICS, curves.MOST_METRICS)
    except RunError:
        # The page says so where it shows the curves.
        return []


def _written(found: Mapping[str, Any]) -> dict[str, str | None]:
    try:
        recipe = Recipe.of(found["recipe"])
        return {"text": to_toml(recipe), "string": to_string(recipe)}
    except (SfumatoError, TypeError):
        # Of another version.
        return {"text": None, "string": None}


def _again(each: entry.Entry) -> dict[str, str]:
    return {"picture.source": each.picture, **(each.differences or {})}


def _files(folder: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    at = f"/api/runs/{quote(folder.name, safe='', errors='replace')}/files"
    for key, every in (("film", [f"{layout.FILM}{ending}" for ending in FILMS]), ("curve", [layout.CURVE])):
        for name in every:
            if key not in found and (folder / name).is_file() and not (folder / name).is_symlink():
                found[key] = f"{at}/{name}"
    return found
