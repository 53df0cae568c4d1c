"""The report on saturation of a sigmoid output: when it occurs, and which change of one field prevents it."""

from __future__ import annotations

import math

import numpy as np

from sfumato import images
from sfumato.lab.experiment import Experiment
from sfumato.lab.plan import Arm
from sfumato.lab.questions.rprop_sigmoid import NAME
from sfumato.lab.statistics import FEWEST, Interval, interval
from sfumato.training.health import MANY, mean_color_psnr

RESCUED = 1.0
"""dB above the mean-color baseline from which a network counts as having learned some of the picture's structure."""


def sentences(experiment: Experiment) -> list[str]:
    """Return lines about saturation, with the changes in descending order of PSNR; none for another experiment."""
    plan = experiment.plan
    if plan.name != NAME:
        return []
    flat = mean_color_psnr(images.exact(experiment.folder.picture()))
    found = [f"one flat color: {flat:.2f} dB; rescued: {RESCUED:g} dB or more above it, by the whole interval"]
    for base in (arm for arm in plan.arms if not arm.instead):
        found += ["", f"{base.title}: {_saturation(experiment, base)}; {_above(experiment, base, flat)}"]
        changes = [plan.arm(a) for a, b in plan.comparisons if b == base.name]
        means = {arm.name: above(experiment, arm, flat) for arm in changes}
        changes.sort(key=lambda arm: -_mean(means[arm.name]))
        rescues = [arm for arm in changes if rescued(means[arm.name])]
        found += [f"  {arm.title}: {_above(experiment, arm, flat)}" for arm in changes]
        if rescued(above(experiment, base, flat)):
            found.append("  it needs no rescue")
        elif rescues:
            found.append(f"  rescued best by one field: {rescues[0].title}")
            mildest = [arm for arm in changes if arm in rescues and "rprop" in arm.title]
            if mildest:
                # In the plan a number's nearest values come first.
                first = min(mildest, key=plan.arms.index)
                found.append(f"  the smallest change of Rprop that rescues it: {first.title}")
        else:
            found.append("  no change of one field rescues it")
    return found


def saturates_at(experiment: Experiment, arm: Arm) -> list[float | None]:
    """Return, for each seed, the first epoch at which a quarter of the outputs was saturated, or None."""
    found: list[float | None] = []
    for row in experiment.results(arm).values():
        when = [point["epoch"] for point in row.get("curve", []) if point.get("saturated", 0) >= MANY]
        found.append(when[0] if when else None)
    return found


def above(experiment: Experiment, arm: Arm, flat: float) -> Interval:
    """Return dB above the mean-color baseline, with simultaneous confidence intervals for all arms."""
    return interval([psnr - flat for psnr in experiment.scores(arm).values()], len(experiment.plan.arms))


def rescued(found: Interval) -> bool:
    """Return whether the whole confidence interval lies far enough above the mean-color baseline."""
    return found.pairs >= FEWEST and found.low >= RESCUED


def _mean(found: Interval) -> float:
    return -math.inf if math.isnan(found.mean) else found.mean


def _saturation(experiment: Experiment, arm: Arm) -> str:
    when = saturates_at(experiment, arm)
    known = [epoch for epoch in when if epoch is not None]
    if not known:
        return f"does not saturate in any of {len(when)} trainings"
    rows = experiment.results(arm).values()
    end = np.mean([row["curve"][-1].get("saturated", 0.0) for row in rows if row.get("curve")])
    return (
        f"saturates in {len(known)} of {len(when)} trainings, in the median at epoch {np.median(known):g}; at the end "
        f"{end:.0%} of its outputs are saturated"
    )


def _above(experiment: Experiment, arm: Arm, flat: float) -> str:
    found = above(experiment, arm, flat)
    if found.pairs == 0:
        return "diverged or failed in every training"
    word = "rescued" if rescued(found) else "not rescued"
    return f"{found.mean + flat:.2f} dB, {found.mean:+.2f} [{found.low:+.2f}, {found.high:+.2f}] of flat: {word}"
