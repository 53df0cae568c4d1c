"""An experiment's arms as rows of a table: sizes, scores, costs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from sfumato.lab.experiment import Experiment
from sfumato.lab.plan import Arm
from sfumato.lab.tuning import good


@dataclass(frozen=True)
class Line:
    """One arm: mean and standard deviation of the measure over the seeds, means of everything else."""

    arm: Arm
    rates: tuple[float, ...]
    """Learning rates of the optimizer, after tuning."""
    values: dict[str, float]
    """The other tuned numbers, by name."""
    finished: int
    failed: int
    """Number of seeds that failed or diverged."""
    score: float
    """Mean of the plan's measure."""
    deviation: float
    ssim: float
    epochs: float
    seconds: float
    gigaflop: float | None
    """Operations of one training, forward and backward."""
    seconds_to_target: float | None
    """Mean over the seeds; None where most seeds did not reach the target."""
    gigaflop_to_target: float | None


def lines(experiment: Experiment) -> list[Line]:
    """Return the rows of all arms, in the plan's order."""
    found: list[Line] = []
    goal = target(experiment)
    for arm in experiment.plan.arms:
        everything, setting = experiment.results(arm), experiment.setting(arm)
        rows = [row for row in everything.values() if good(row)]
        field = experiment.plan.measure.field
        scores = [row[field] for row in rows]
        reached = [reaches(row["curve"], goal, field) for row in rows] if goal is not None else []
        samples = None if arm.operations is None else _mean(rows, "samples") * arm.operations / 1e9
        when = [each for each in reached if each is not None]
        most = 2 * len(when) > len(rows)
        found.append(
            Line(
                arm=arm,
                rates=setting.rates,
                values=dict(setting.values),
                finished=len(rows),
                failed=len(everything) - len(rows),
                score=float(np.mean(scores)) if scores else math.nan,
                deviation=float(np.std(scores, ddof=1)) if len(scores) > 1 else math.nan,
                ssim=_mean(rows, "ssim"),
                epochs=_mean(rows, "epoch"),
                seconds=_mean(rows, "seconds"),
                gigaflop=samples,
                seconds_to_target=float(np.mean([each["seconds"] for each in when])) if most else None,
                gigaflop_to_target=(
                    float(np.mean([each["samples"] for each in when])) * arm.operations / 1e9
                    if most and arm.operations is not None
                    else None
                ),
            )
        )
    return found


def tuned_text(line: Line) -> str:
    """Return an arm's learning rates with two digits, and its other tuned values: ``0.0032, omega 12.5``."""
    others = [f"{name} {value:g}" for name, value in line.values.items()]
    return ", ".join([*(f"{rate:.2g}" for rate in line.rates), *others])


def target(experiment: Experiment) -> float | None:
    """Return the target for every arm: the lowest of the arms' mean scores, rounded down to a tenth.

    None for a set of pictures, since some of them are easier than others.
    """
    if experiment.plan.has_set:
        return None
    found = [experiment.scores(arm) for arm in experiment.plan.arms]
    means = [float(np.mean(list(scores.values()))) for scores in found if scores]
    return math.floor(min(means) * 10) / 10 if means else None


def reaches(curve: list[dict[str, Any]], goal: float, field: str = "psnr") -> dict[str, float] | None:
    """Return ``seconds`` and ``samples`` at which a training's curve first reaches ``goal``, or None if it never does.

    Interpolates linearly between two points of the curve; before its first point, returns that point.
    """
    before = None
    for point in curve:
        if point[field] is None:
            before = None
            continue
        if point[field] >= goal:
            if before is None:
                return {"seconds": point["seconds"], "samples": float(point["samples"])}
            fraction = (goal - before[field]) / (point[field] - before[field])
            return {name: before[name] + fraction * (point[name] - before[name]) for name in ("seconds", "samples")}
        before = point
    return None


def _mean(rows: list[dict[str, Any]], field: str) -> float:
    values = [row[field] for row in rows if row.get(field) is not None]
    return float(np.mean(values)) if values else math.nan
