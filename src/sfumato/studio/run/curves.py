"""A run's numbers over its training, thinned to what a chart shows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from sfumato.errors import RunError, SfumatoError
from sfumato.recipe import Recipe, changed
from sfumato.recipe.description import CHANNELS, TRAINING_PER_FORWARD, Description, describe
from sfumato.runs import facts, layout, metrics, weights

MOST_POINTS = 2000
MOST_METRICS = 64_000_000
"""Bytes: read, they take several times as many of memory, for each page that asks."""

T = TypeVar("T")


def data(folder: Path) -> dict[str, Any]:
    """One list a quantity, with a number or null for every line of the metrics that is shown.

    ``stable_rank`` has a list of every layer's, or null where a line has none, ``layers`` their names. ``running`` are
    the figures at saved moments: from the samples that training showed just before. Raises RunError.
    """
    lines = thinned(metrics.read(folder / layout.METRICS, MOST_METRICS), MOST_POINTS)
    each = operations_a_sample(facts.read(folder))
    found: dict[str, Any] = {name: [line.get(name) for line in lines] for name in ("epoch", "step", "seconds")}
    found["operations"] = [None if each is None else each * line["samples"] for line in lines]
    found |= {name: [line.get(name) for line in lines] for name in ("loss", "psnr", "ssim", "learning_rate")}
    ranks = [_layers(line).get("stable_rank") for line in lines]
    found["stable_rank"] = ranks
    found["layers"] = next((_layers(line).get("name") for line in lines if _layers(line)), None)
    found["running"] = _running(folder, None if each is None else each * _samples_a_step(lines))
    return found


def operations_a_sample(found: dict[str, Any]) -> int | None:
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


def thinned(values: Sequence[T], most: int) -> list[T]:
    """At most so many, evenly, the first and the last among them."""
    if len(values) <= most:
        return list(values)
    return [values[round(place)] for place in np.linspace(0, len(values) - 1, most)]


def _running(folder: Path, operations_a_step: float | None) -> dict[str, Any]:
    found = []
    for path in layout.of_steps(folder, layout.MOMENTS):
        try:
            found.append(weights.moment_of(path))
        except RunError:
            continue
    return {
        **{name: [getattr(moment, name) for moment in found] for name in ("epoch", "step", "seconds", "loss")},
        "operations": [None if operations_a_step is None else operations_a_step * each.step for each in found],
        "psnr": [moment.running_psnr for moment in found],
    }


def _samples_a_step(lines: Sequence[dict[str, Any]]) -> float:
    return lines[-1]["samples"] / lines[-1]["step"] if lines and lines[-1]["step"] else 0.0


def _layers(line: dict[str, Any]) -> dict[str, Any]:
    figures = line.get("figures")
    layers = figures.get("layers") if isinstance(figures, dict) else None
    return layers if isinstance(layers, dict) else {}
