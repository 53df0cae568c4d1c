"""A run's metrics over its training, thinned to what a chart needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sfumato.errors import RunError, SfumatoError
from sfumato.recipe import Recipe, changed
from sfumato.recipe.description import CHANNELS, TRAINING_PER_FORWARD, Description, describe
from sfumato.runs import layout, run_json, weights
from sfumato.runs.entry import printable
from sfumato.studio.run.history import History

MAX_POINTS = 1000
"""Points of a curve: as many as a chart has pixels across, however many lines the file has."""


def version(folder: Path, history: History) -> str:
    """Bring the history up to date, and return a string that changes with what `data` returns. Raise RunError."""
    history.update()
    modified = [_modified_hex(folder / name) for name in (layout.RUN, layout.MOMENTS)]
    return "-".join((history.version, *modified))


def data(folder: Path, history: History) -> dict[str, Any]:
    """Return one list per quantity, with a number or null for each of at most `MAX_POINTS` lines of the metrics.

    ``stable_rank`` has a list with one value per layer, or null for a line without statistics, and ``layers`` the
    layers' names. ``running`` are the metrics of saved moments, from the samples trained just before. Raise RunError.
    """
    with history.lock:
        history.update()
        lines = history.evenly_spaced(MAX_POINTS)
        operations = operations_per_sample(run_json.read(folder))
        found: dict[str, Any] = {name: history.column(name, lines) for name in ("epoch", "step", "seconds")}
        samples = history.column("samples", lines)
        found["operations"] = [None if operations is None else operations * count for count in samples]
        found |= {name: history.column(name, lines) for name in ("loss", "psnr", "ssim", "learning_rate")}
        layers = [line.layers for line in history.lines(lines)] if lines else []
    found["stable_rank"] = [each.stable_rank for each in layers]
    found["layers"] = next(([printable(name) for name in each.name] for each in layers if each.name), None)
    steps = found["step"]
    samples_per_step = samples[-1] / steps[-1] if steps and steps[-1] else 0.0
    found["running"] = _running(folder, None if operations is None else operations * samples_per_step)
    return found


def operations_per_sample(found: dict[str, Any]) -> int | None:
    """Return the floating-point operations of one sample, forward and backward; None for a custom network."""
    described = description(found)
    return None if described is None else 2 * TRAINING_PER_FORWARD * described.multiply_adds


def description(found: dict[str, Any]) -> Description | None:
    """Describe the network of a run by its run.json, with the picture's own channels; None for a custom network."""
    try:
        recipe = Recipe.of(found["recipe"])
        names = {count: name for name, count in CHANNELS.items() if name != "auto"}
        channels = names.get(found["picture"]["channels"])
        return describe(changed(recipe, {"picture": {"channels": channels}}) if channels else recipe)
    except (SfumatoError, KeyError, TypeError):
        return None


def _running(folder: Path, operations_per_step: float | None) -> dict[str, Any]:
    found = []
    for path in layout.moments(folder):
        try:
            found.append(weights.moment_of(path))
        except RunError:
            continue
    return {
        **{name: [getattr(moment, name) for moment in found] for name in ("epoch", "step", "seconds", "loss")},
        "operations": [None if operations_per_step is None else operations_per_step * each.step for each in found],
        "psnr": [moment.running_psnr for moment in found],
    }


def _modified_hex(path: Path) -> str:
    try:
        return f"{path.lstat().st_mtime_ns:x}"
    except OSError:
        return "0"
