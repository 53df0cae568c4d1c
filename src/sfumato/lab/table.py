"""An experiment's arms as rows: what they are, how well they did, what it cost."""

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
    """An arm. Of the measure the mean and the standard deviation over the seeds; of everything else the mean."""

    arm: Arm
    rates: tuple[float, ...]
    """The optimizer's, as found."""
    finished: int
    failed: int
    """Seeds that failed or diverged."""
    score: float
    """Of the plan's measure."""
    deviation: float
    ssim: float
    epochs: float
    seconds: float
    gigaflop: float | None
    """Of a training, forward and back."""
    seconds_to_target: float | None
    """None where the target was not reached by most seeds."""
    gigaflop_to_target: float | None


def lines(experiment: Experiment) -> list[Line]:
    """Of every arm, in the plan's order."""
    found: list[Line] = []
    goal = target(experiment)
    for arm in experiment.plan.arms:
        everything = experiment.results(arm)
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
                rates=experiment.rates(arm),
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


def target(experiment: Experiment) -> float | None:
    """What every arm should come to: what the worst one ends with in the mean, rounded down to a tenth."""
    found = [experiment.scores(arm) for arm in experiment.plan.arms]
    means = [float(np.mean(list(scores.values()))) for scores in found if scores]
    return math.floor(min(means) * 10) / 10 if means else None


def reaches(curve: list[dict[str, Any]], goal: float, field: str = "psnr") -> dict[str, float] | None:
    """``seconds`` and ``samples`` at which a training's curve first comes to ``goal``, None where it never does.

    Between two points of the curve as if it were straight; up to its first point, that point.
    """
    before = None
    for point in curve:
        if point[field] is None:
            before = None
            continue
        if point[field] >= goal:
            if before is None:
                return {"seconds": point["seconds"], "samples": float(point["samples"])}
            part = (goal - before[field]) / (point[field] - before[field])
            return {name: before[name] + part * (point[name] - before[name]) for name in ("seconds", "samples")}
        before = point
    return None


def _mean(rows: list[dict[str, Any]], field: str) -> float:
    values = [row[field] for row in rows if row.get(field) is not None]
    return float(np.mean(values)) if values else math.nan
