"""The result of a speedrun, as plain data that a program can read.

Operations are those of a training's matrix products; a multiplication and an addition count as two. Not counted:
operations done once per activation, error or weight, less than 1% here at batch 512; the encoding of the coordinates;
and everything else before the first step. An optimizer states its own operations
(`sfumato.recipe.choices.Optimizer.operations`).
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from sfumato.errors import RecipeError
from sfumato.lab.speedrun.tracks import EPOCHS_2012, PIXELS, RULES, SECONDS_PER_EPOCH_2012, Seeds, Track
from sfumato.lab.speedrun.trial import Trial
from sfumato.recipe import Recipe, engines, to_string
from sfumato.recipe.description import describe
from sfumato.recipe.layers import Operations, TrainingWork

SAMPLES_2012 = EPOCHS_2012 * PIXELS[0] * PIXELS[1]
SECONDS_2012 = EPOCHS_2012 * SECONDS_PER_EPOCH_2012


def operations(recipe: Recipe, samples: int, steps: int) -> Operations | None:
    """Return the operations of ``samples`` samples in ``steps`` steps; ``recipe`` resolved, on an RGB picture.

    None where they are unknown: for a custom network, and for an optimizer such as L-BFGS, whose line search takes any
    number of evaluations.
    """
    try:
        layers = describe(recipe).layers
    except RecipeError:
        return None
    batch = samples if recipe.training.batch == "all" else min(recipe.training.batch, samples)
    work = TrainingWork(layers, samples, steps, batch, compiled=engines.auto(recipe).compiled)
    return recipe.training.optimizer.operations(work)


def result(
    track: Track,
    seeds: Seeds,
    name: str,
    recipe: Recipe,
    trials: Sequence[Trial],
    replica: Sequence[float],
    machine: dict[str, Any],
) -> dict[str, Any]:
    """Return JSON values. ``recipe`` resolved; ``replica``: its seconds per sample after each trial, or empty."""
    seconds = [trial.seconds for trial in trials]
    known = [trial.psnr for trial in trials if trial.psnr is not None and trial.ended != "diverged"]
    whole = len(known) == len(trials)
    counted = operations(recipe, trials[0].samples, trials[0].steps)
    rows = [_row(trial) for trial in trials]
    return {
        "rules": RULES,
        "track": track.name,
        "seeds": seeds,
        "name": name,
        "recipe": to_string(recipe),
        "engine": recipe.engine,
        "dtype": recipe.dtype,
        "device": recipe.device,
        "machine": machine,
        "n": len(trials),
        "psnr": _spread(known) if whole else None,
        "seconds": _spread(seconds),
        "epochs": statistics.fmean(trial.epochs for trial in trials),
        "operations": None if counted is None else {"network": counted.network, "optimizer": counted.optimizer},
        **_verdict(track, known, whole),
        "speed_up": _speed_up(seconds, replica) if replica else None,
        "trials": rows,
    }


def _row(trial: Trial) -> dict[str, Any]:
    return {
        "seed": trial.seed,
        "psnr": trial.psnr,
        "seconds": trial.seconds,
        "preparation_seconds": trial.preparation,
        "epochs": trial.epochs,
        "steps": trial.steps,
        "samples": trial.samples,
        "ended": trial.ended,
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {
        "mean": statistics.fmean(values),
        "min": min(values),
        "max": max(values),
        "sd": statistics.stdev(values) if len(values) > 1 else 0.0,
    }


def _verdict(track: Track, known: Sequence[float], whole: bool) -> dict[str, Any]:
    if track.target is None:
        return {"target": None, "reached": None, "margin": None}
    margin = statistics.fmean(known) - track.target if whole else None
    return {"target": track.target, "reached": margin is not None and margin >= 0, "margin": margin}


def _speed_up(seconds: Sequence[float], replica: Sequence[float]) -> dict[str, Any]:
    here = [
        replica_seconds * SAMPLES_2012 / trial_seconds
        for replica_seconds, trial_seconds in zip(replica, seconds, strict=True)
    ]
    return {
        "seconds_2012": SECONDS_2012,
        "over_2012": SECONDS_2012 / statistics.fmean(seconds),
        "replica_seconds_per_sample": statistics.median(replica),
        "replica_seconds_extrapolated": statistics.median(replica) * SAMPLES_2012,
        "over_replica_here": statistics.median(here),
    }
