"""The report on saturation of a sigmoid output: when it occurs, and which change of one field prevents it."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from sfumato import images
from sfumato.lab.experiment import Experiment
from sfumato.lab.plan import Arm
from sfumato.lab.questions.rprop_sigmoid import NAME
from sfumato.lab.statistics import FEWEST, Interval
from sfumato.lab.verdict import grouped, mean_interval
from sfumato.training.health import MANY, mean_color_psnr

LEARNED = 1.0
"""dB above the mean-color baseline from which a network counts as having learned some of the picture's structure."""


Baselines = Mapping[int, float]
"""PSNR of the mean color by the picture's number."""


def sentences(experiment: Experiment) -> list[str]:
    """Return lines about saturation, with the changes in descending order of PSNR; none for another experiment."""
    plan = experiment.plan
    if plan.name != NAME:
        return []
    baselines = {
        number: mean_color_psnr(images.exact(experiment.folder.picture(number))) for number in plan.verdict_pictures
    }
    found = [
        f"mean-color baseline: {_average(baselines):.2f} dB; arms whose whole 95% CI is {LEARNED:g} dB or more above "
        "it learn"
    ]
    for base in (arm for arm in plan.arms if not arm.instead):
        found += ["", f"{base.title}: {_saturation(experiment, base)}; {_score(experiment, base, baselines)}"]
        changes = [plan.arm(a) for a, b in plan.comparisons if b == base.name]
        means = {arm.name: above_baseline(experiment, arm, baselines) for arm in changes}
        changes.sort(key=lambda arm: -_mean(means[arm.name]))
        successful = [arm for arm in changes if learns(means[arm.name])]
        found += [f"  {arm.title}: {_score(experiment, arm, baselines)}" for arm in changes]
        if learns(above_baseline(experiment, base, baselines)):
            found.append("  it learns without a change")
        elif successful:
            found.append(f"  best change of one field: {successful[0].title}")
            of_rprop = [arm for arm in changes if arm in successful and "rprop" in arm.title]
            if of_rprop:
                # The plan lists a number's values in order of their distance from the recipe's.
                smallest = min(of_rprop, key=plan.arms.index)
                found.append(f"  smallest change of Rprop with which it learns: {smallest.title}")
        else:
            found.append("  it learns with no change of one field")
    return found


def saturates_at(experiment: Experiment, arm: Arm) -> list[float | None]:
    """Return, for each seed, the first epoch at which a quarter of the outputs was saturated, or None."""
    found: list[float | None] = []
    for row in experiment.results(arm).values():
        when = [point["epoch"] for point in row.get("curve", []) if point.get("saturated", 0) >= MANY]
        found.append(when[0] if when else None)
    return found


def above_baseline(experiment: Experiment, arm: Arm, baselines: Baselines) -> Interval:
    """Return dB above the mean-color baseline, with simultaneous confidence intervals for all arms."""
    plan = experiment.plan
    above = {unit: psnr - baselines[unit[0]] for unit, psnr in experiment.scores(arm).items()}
    return mean_interval(plan, grouped(plan, above), len(plan.arms))


def learns(found: Interval) -> bool:
    """Return whether the whole confidence interval lies far enough above the mean-color baseline."""
    return found.pairs >= FEWEST and found.low >= LEARNED


def _average(baselines: Baselines) -> float:
    return float(np.mean(list(baselines.values())))


def _mean(found: Interval) -> float:
    return -math.inf if math.isnan(found.mean) else found.mean


def _saturation(experiment: Experiment, arm: Arm) -> str:
    when = saturates_at(experiment, arm)
    known = [epoch for epoch in when if epoch is not None]
    if not known:
        return f"saturates in none of {len(when)} trainings"
    rows = experiment.results(arm).values()
    end = np.mean([row["curve"][-1].get("saturated", 0.0) for row in rows if row.get("curve")])
    return (
        f"saturates in {len(known)} of {len(when)} trainings, at a median epoch of {np.median(known):g}; at the end "
        f"{end:.0%} of its outputs are saturated"
    )


def _score(experiment: Experiment, arm: Arm, baselines: Baselines) -> str:
    found = above_baseline(experiment, arm, baselines)
    if found.pairs == 0:
        return "diverged or failed in every training"
    word = "learns" if learns(found) else "does not learn"
    bounds = f"95% CI [{found.low:+.2f}, {found.high:+.2f}]"
    baseline = _average(baselines)
    return f"{found.mean + baseline:.2f} dB, {found.mean:+.2f} dB from the baseline, {bounds}: {word}"
