"""The numbers of `optimizers_result.py` as JSON values, from its experiments: nothing else is on the page."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import optimizers_plan
from optimizers_calibration import Calibration
from optimizers_plan import BATCH, DEPTH, NETWORKS, SCHEDULE, Settings

from sfumato import images
from sfumato.lab.experiment import Experiment, marks
from sfumato.lab.grid_tuning import at_border, good, tried
from sfumato.lab.plan import Arm, Plan, Unit
from sfumato.lab.statistics import FEWEST, LEVEL, over_pictures
from sfumato.lab.trial import Key
from sfumato.lab.verdict import Comparison, as_values, claim, comparisons


def numbers(
    experiments: Mapping[str, Experiment], times: Calibration, settings: Settings, processor_hours: float
) -> dict[str, Any]:
    """Return all numbers. ``processor_hours``: what the experiments took, as far as it was recorded."""
    first = next(iter(experiments.values()))
    plan = first.plan
    used = {network: _used(each) for network, each in experiments.items()}
    return {
        "settings": {
            "seconds": settings.seconds,
            "width": settings.width,
            "depth": DEPTH,
            "batch": BATCH,
            "schedule": SCHEDULE,
            "size": sorted({f"{each['width']}x{each['height']}" for each in plan.pictures}, reverse=True),
            "seeds": len(plan.seeds),
            "pictures": [plan.picture_names[number] for number in plan.verdict_pictures],
            "tuning_pictures": [plan.picture_names[number] for number in plan.tuning_pictures],
            "mean_color": round(statistics.mean(_mean_color(first, each) for each in plan.verdict_pictures), 3),
            "separate": not set(plan.tuning_pictures) & set(plan.verdict_pictures),
            "optimizers": list(settings.optimizers),
        },
        "level": LEVEL,
        "fewest_pictures": FEWEST,
        "family": plan.family,
        "trainings": sum(map(len, used.values())),
        "hours": {
            "nominal": round(
                sum(
                    row["step"] * times.median(network, row["arm"], optimizers_plan.engines(row["arm"])[0])
                    for network, rows in used.items()
                    for row in rows
                    if row["status"] == "finished"
                )
                / 3.6e6,
                2,
            ),
            "recorded": round(processor_hours, 2),
        },
        "networks": {network: _network(network, each, times, settings) for network, each in experiments.items()},
        "calibration": dict(times.circumstances),
    }


def _mean_color(experiment: Experiment, picture: int) -> float:
    """Return the PSNR in dB of a painting that is the picture's mean color everywhere."""
    values = np.asarray(experiment.folder.picture(picture), np.float64)
    return float(images.psnr(images.mse(np.broadcast_to(values.mean(axis=(0, 1)), values.shape), values)))


def psnr_at(row: Mapping[str, Any], steps: float) -> float | None:
    """Return the PSNR of a training after some steps, linear in their logarithm between marks; None before the first.

    After its last mark it is the last PSNR.
    """
    each = row["step"] / row["samples"]
    points = [(point["samples"] * each, point["psnr"]) for point in row["curve"] if point["psnr"] is not None]
    if not points or steps < points[0][0] * (1 - 1e-9):
        return None
    at, values = zip(*points, strict=True)
    return float(np.interp(math.log(steps), np.log(at), values))


def _network(network: str, experiment: Experiment, times: Calibration, settings: Settings) -> dict[str, Any]:
    plan = experiment.plan
    results = {arm.name: experiment.results(arm) for arm in plan.arms}
    steps = {arm.name: _steps(arm) for arm in plan.arms}
    own = {name: times.median(network, name, optimizers_plan.engines(name)[0]) for name in steps}
    slow = {name: times.median(network, name, "autograd") for name in steps}
    fewest = min(steps.values())
    # In PyTorch alone the same seconds pay for fewer steps of what is compiled.
    in_pytorch = {name: steps[name] * own[name] / slow[name] for name in steps}
    return {
        "title": NETWORKS[network].title,
        "source": NETWORKS[network].source,
        "parameters": plan.arms[0].parameters,
        "arms": {
            arm.name: {
                "engine": optimizers_plan.engines(arm.name)[0],
                "milliseconds_per_step": own[arm.name],
                "milliseconds_per_step_autograd": slow[arm.name],
                "quartiles": times.milliseconds[network][f"{arm.name}, {optimizers_plan.engines(arm.name)[0]}"][
                    "quartiles"
                ],
                "timings": times.milliseconds[network][f"{arm.name}, {optimizers_plan.engines(arm.name)[0]}"]["n"],
                "steps": steps[arm.name],
                "rates": list(experiment.rates(arm)),
                "rates_tried": len(tried(plan, experiment.rows, arm)),
                "rate_at_border": at_border(plan, experiment.rows, arm),
                "failed_or_diverged": len(plan.verdict_units) - len(experiment.scores(arm)),
                "marks": _marks(plan, results[arm.name], settings.seconds),
            }
            for arm in plan.arms
        },
        "comparisons": [_comparison(each, plan) for each in comparisons(experiment)],
        "equal_steps": {"steps": fewest, **_at(plan, results, dict.fromkeys(steps, float(fewest)))},
        "all_in_autograd": {
            "steps": {name: round(each) for name, each in in_pytorch.items()},
            **_at(plan, results, in_pytorch),
        },
    }


def _used(experiment: Experiment) -> list[Mapping[str, Any]]:
    """Return the rows of the trainings that decide the verdict, those of tuning included."""
    plan, rows = experiment.plan, experiment.rows
    found: list[Mapping[str, Any]] = []
    for arm in plan.arms:
        found += [
            rows[Key("tuning", arm.name, seed, setting.rates, picture)]
            for setting in tried(plan, rows, arm)
            for picture, seed in plan.tuning_units
        ]
        found += experiment.results(arm).values()
    return found


def _steps(arm: Arm) -> int:
    assert arm.recipe.budget.steps is not None
    return arm.recipe.budget.steps


def _marks(plan: Plan, results: Mapping[Unit, Mapping[str, Any]], seconds: float) -> list[dict[str, Any]]:
    """Return the mean PSNR at each mark of the verdict's trainings, with the smallest and largest picture's mean."""
    rows = [row for row in results.values() if good(row)]
    found: list[dict[str, Any]] = []
    fractions = marks(None)
    for number in range(min((len(row["curve"]) for row in rows), default=0)):
        values = _by_picture(plan, {unit: row["curve"][number]["psnr"] for unit, row in results.items() if good(row)})
        # The curve has the first step after each mark; trainings of few steps have fewer of them.
        whole = len(rows[0]["curve"]) == len(fractions)
        share = fractions[number] if whole else rows[0]["curve"][number]["samples"] / rows[0]["samples"]
        found.append(
            {
                "seconds": round(share * seconds, 2),
                "mean": round(statistics.mean(values.values()), 3),
                "low": round(min(values.values()), 3),
                "high": round(max(values.values()), 3),
            }
        )
    return found


def _comparison(found: Comparison, plan: Plan) -> dict[str, Any]:
    """Return the verdict, and the difference on each picture."""
    differences = {
        plan.picture_names[number]: round(statistics.mean(each), 4)
        for number, each in found.differences.items()
        if len(each)
    }
    mean = found.difference.mean
    turned = [name for name, value in differences.items() if value * mean < 0]
    alone = over_pictures(list(found.differences.values()), plan.family)
    ends = [each if math.isfinite(each) else None for each in (alone.low, alone.high)]
    return {
        **as_values(found, claim(found)),
        "at_these_rates": ends,
        "differences": differences,
        "turned": turned,
    }


def _at(
    plan: Plan, results: Mapping[str, Mapping[Unit, Mapping[str, Any]]], steps: Mapping[str, float]
) -> dict[str, Any]:
    """Return the mean PSNR of every arm after its ``steps``, and the first arm minus each other; None where unknown."""
    first, *others = results
    values = {
        name: {unit: psnr_at(row, steps[name]) for unit, row in rows.items() if good(row)}
        for name, rows in results.items()
    }
    pictures = {name: _by_picture(plan, each) for name, each in values.items()}
    differences: dict[str, Any] = {}
    for other in others:
        paired = [pictures[first][each] - pictures[other][each] for each in pictures[first] if each in pictures[other]]
        differences[other] = (
            {"mean": round(statistics.mean(paired), 3), "better": sum(each > 0 for each in paired), "n": len(paired)}
            if paired
            else None
        )
    return {
        "psnr": {name: round(statistics.mean(each.values()), 3) if each else None for name, each in pictures.items()},
        "differences": differences,
    }


def _by_picture(plan: Plan, values: Mapping[Unit, float | None]) -> dict[int, float]:
    """Return the mean over the seeds of each picture, of those where it is known for all seeds that finished."""
    grouped: dict[int, Sequence[float | None]] = {
        picture: [values[unit] for unit in values if unit[0] == picture] for picture in plan.verdict_pictures
    }
    return {
        picture: statistics.mean(value for value in each if value is not None)
        for picture, each in grouped.items()
        if each and None not in each
    }
