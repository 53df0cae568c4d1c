"""A run's numbers over its training, thinned to what a chart shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sfumato.errors import RunError, SfumatoError
from sfumato.recipe import Recipe, changed
from sfumato.recipe.description import CHANNELS, TRAINING_PER_FORWARD, Description, describe
from sfumato.runs import facts, layout, weights
from sfumato.studio.run.history import History

MOST_POINTS = 1000
"""More than a chart has pixels across; a file may have any number of lines."""


def version(folder: Path, history: History) -> str:
    """Changes with what `data` answers. Brings the history up to date. Raises RunError."""
    history.update()
    stamps = [_stamp(folder / name) for name in (layout.RUN, layout.MOMENTS)]
    return "-".join((history.version, *stamps))


def data(folder: Path, history: History) -> dict[str, Any]:
    """One list a quantity, with a number or null for each of at most `MOST_POINTS` lines of the metrics.

    ``stable_rank`` has a list of every layer's, or null where a line has none, ``layers`` their names. ``running`` are
    the figures at saved moments: from the samples that training showed just before. Raises RunError.
    """
    with history.lock:
        history.update()
        shown = history.evenly(MOST_POINTS)
        each = operations_per_sample(facts.read(folder))
        found: dict[str, Any] = {name: history.column(name, shown) for name in ("epoch", "step", "seconds")}
        samples = history.column("samples", shown)
        found["operations"] = [None if each is None else each * count for count in samples]
        found |= {name: history.column(name, shown) for name in ("loss", "psnr", "ssim", "learning_rate")}
        layers = [_layers(line) for line in history.lines(shown)] if shown else []
    found["stable_rank"] = [each_layer.get("stable_rank") for each_layer in layers]
    found["layers"] = next((each_layer.get("name") for each_layer in layers if each_layer), None)
    steps = found["step"]
    samples_per_step = samples[-1] / steps[-1] if steps and steps[-1] else 0.0
    found["running"] = _running(folder, None if each is None else each * samples_per_step)
    return found


def operations_per_sample(found: dict[str, Any]) -> int | None:
    """Floating-point operations of one sample's way forward and back; None where only building the network tells."""
    described = description(found)
    return None if described is None else 2 * TRAINING_PER_FORWARD * described.multiply_adds


def description(found: dict[str, Any]) -> Description | None:
    """The network of a run by its run.json, with the picture's own channels; None where it is the user's own."""
    try:
        recipe = Recipe.of(found["recipe"])
        names = {count: name for name, count in CHANNELS.items() if name != "auto"}
        channels = names.get(found["picture"]["channels"])
        return describe(changed(recipe, {"picture": {"channels": channels}}) if channels else recipe)
    except (SfumatoError, KeyError, TypeError):
        return None


def _running(folder: Path, operations_per_step: float | None) -> dict[str, Any]:
    found = []
    for path in layout.of_steps(folder, layout.MOMENTS):
        try:
            found.append(weights.moment_of(path))
        except RunError:
            continue
    return {
        **{name: [getattr(moment, name) for moment in found] for name in ("epoch", "step", "seconds", "loss")},
        "operations": [None if operations_per_step is None else operations_per_step * each.step for each in found],
        "psnr": [moment.running_psnr for moment in found],
    }


def _stamp(path: Path) -> str:
    try:
        return f"{path.lstat().st_mtime_ns:x}"
    except OSError:
        return "0"


def _layers(line: dict[str, Any]) -> dict[str, Any]:
    figures = line.get("stats")
    layers = figures.get("layers") if isinstance(figures, dict) else None
    return layers if isinstance(layers, dict) else {}
