"""Verdicts of an experiment, in sentences that follow from the confidence intervals, and from divergence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sfumato.formatting import pluralize
from sfumato.lab.ablation_words import Named, ablation_sentence, diverged_counts, evidence, is_ablation
from sfumato.lab.divergence import Divergence, combined_sign, divergence
from sfumato.lab.experiment import Experiment
from sfumato.lab.measure import PSNR
from sfumato.lab.plan import Arm, Plan, Unit
from sfumato.lab.statistics import (
    FEWEST,
    LEVEL,
    Components,
    Interval,
    Selection,
    components,
    interval,
    over_pictures,
    selection,
)
from sfumato.lab.tuning import score_table


@dataclass(frozen=True)
class Comparison:
    """The comparison of two arms on paired seeds."""

    a: Named
    b: Named
    difference: Interval
    """Mean over the seeds of the measure of ``a`` minus that of ``b``."""
    missing: int
    """Seeds at which one of the two failed or diverged."""
    diverged: Divergence = field(default_factory=Divergence)
    """How often each of the two diverged."""
    unit: str = PSNR.unit
    differences: Mapping[int, Sequence[float]] = field(default_factory=dict)
    """The differences of each picture's seeds, by the picture's number."""
    pictures: int = 1
    """Pictures of the verdict, or other random units; 1: the verdict is about one."""
    unit_name: str = "picture"
    """What the random unit is, in the singular."""
    decimals: int = 2
    """Decimals of the numbers in the claim."""

    @property
    def sign(self) -> int:
        """Return the verdict: 1 where ``a`` is better, -1 where ``b`` is, else 0."""
        return combined_sign(self.difference, self.diverged)

    @property
    def noun(self) -> str:
        """Return what is counted by ``difference.pairs``."""
        return "paired seeds" if self.pictures == 1 else f"{self.unit_name}s"

    @property
    def about(self) -> str:
        """Return what the verdict is about, after a space; empty on one picture."""
        return "" if self.pictures == 1 else f" on {self.unit_name}s like these"

    @property
    def components(self) -> Components | None:
        """Return the components of the variance; None on one picture."""
        return None if self.pictures == 1 else components(list(self.differences.values()))


def comparisons(experiment: Experiment) -> list[Comparison]:
    """Return the plan's comparisons, with simultaneous confidence intervals."""
    plan = experiment.plan
    found: list[Comparison] = []
    for name_a, name_b in plan.comparisons:
        a, b = plan.arm(name_a), plan.arm(name_b)
        of_a, of_b = experiment.scores(a), experiment.scores(b)
        paired = {unit: of_a[unit] - of_b[unit] for unit in plan.verdict_units if unit in of_a and unit in of_b}
        by_picture = grouped(plan, paired)
        units = len(plan.verdict_units)
        statuses = [{unit: str(row["status"]) for unit, row in experiment.results(arm).items()} for arm in (a, b)]
        diverged = divergence(*statuses, over_pictures=plan.has_set, comparisons=plan.family)
        difference = mean_interval(plan, by_picture, plan.family, _selection(experiment, a, b))
        found.append(
            Comparison(
                a,
                b,
                difference,
                units - len(paired),
                diverged,
                plan.measure.unit,
                by_picture,
                len(plan.verdict_pictures),
            )
        )
    return found


def grouped(plan: Plan, values: Mapping[Unit, float]) -> dict[int, list[float]]:
    """Return values of (picture, seed) by picture."""
    return {
        picture: [values[picture, seed] for seed in plan.seeds if (picture, seed) in values]
        for picture in plan.verdict_pictures
    }


def mean_interval(
    plan: Plan, by_picture: Mapping[int, Sequence[float]], comparisons: int, selection: Selection | None = None
) -> Interval:
    """Return the confidence interval of a mean: over seeds on one picture, over pictures where the plan has a set."""
    if plan.has_set:
        return over_pictures(list(by_picture.values()), comparisons, selection=selection)
    return interval([value for values in by_picture.values() for value in values], comparisons, selection=selection)


def _selection(experiment: Experiment, a: Arm, b: Arm) -> Selection | None:
    """Return the noise of the two arms' choices of tuned values, or None without tuning."""
    plan = experiment.plan
    if plan.tuning is None:
        return None
    return selection(*(score_table(plan, experiment.rows, arm) for arm in (a, b)))


def sentences(experiment: Experiment) -> list[str]:
    """Return one line per comparison."""
    return [sentence(experiment, comparison) for comparison in comparisons(experiment)]


def sentence(experiment: Experiment, comparison: Comparison) -> str:
    """Return the line of one comparison: the verdict, and its conditions in parentheses."""
    return f"{claim(comparison)} ({', '.join(conditions(experiment, comparison))})"


def claim(comparison: Comparison) -> str:
    """Return which arm is better by how much, or that no difference is shown."""
    found, a, b = comparison.difference, comparison.a, comparison.b
    names = (a.title or a.name, b.title or b.name)
    diverged, noun, about = comparison.diverged, comparison.noun, comparison.about
    if is_ablation((a, b)):
        return ablation_sentence(a, b, found, diverged, noun, about)
    sign = comparison.sign
    better, worse = (a, b) if sign > 0 else (b, a)
    counts = diverged_counts(diverged, *names)
    signed = f"{found.mean:+.{comparison.decimals}f} {comparison.unit}, {_bounds(found, comparison.decimals)}"
    if sign and found.sign:
        bounds = _bounds(found, comparison.decimals, flipped=sign < 0)
        difference = f"{abs(found.mean):.{comparison.decimals}f} {comparison.unit}, {bounds}"
        return f"{better.title or better.name} {better.verb} {worse.name}{about} by {difference}"
    if sign:
        measured = f"; {signed} where both finished" if found.pairs else ""
        return (
            f"{better.title or better.name} {better.verb} {worse.name}{about}: {evidence(diverged, counts, noun)}"
            f"{measured}"
        )
    if found.sign:
        return (
            f"no verdict on {names[0]} against {names[1]}: {signed} where both finished, but "
            f"{evidence(diverged, counts, noun)}"
        )
    if found.pairs == 0:
        return f"no verdict on {names[0]} against {names[1]}: no seed finished in both arms"
    if found.pairs < FEWEST:
        return f"no verdict on {names[0]} against {names[1]}: {signed}, fewer than {FEWEST} {noun}"
    return f"no difference shown between {names[0]} and {names[1]}: {signed}"


def as_values(comparison: Comparison, sentence: str) -> dict[str, Any]:
    """Return a comparison as JSON values; an end of the interval that is infinite or unknown is None.

    ``mean``, ``low`` and ``high`` are above 0 where the arm is better. ``verdict`` is ``none`` with too few pairs,
    or where divergence contradicts the interval.
    """
    found = comparison.difference
    mean, low, high = (value if math.isfinite(value) else None for value in (found.mean, found.low, found.high))
    return {
        "arm": comparison.a.name,
        "reference": comparison.b.name,
        "mean": mean,
        "low": low,
        "high": high,
        "pairs": found.pairs,
        "missing": comparison.missing,
        "verdict": _word(comparison),
        "sentence": sentence,
    }


def _word(comparison: Comparison) -> str:
    found, sign = comparison.difference, comparison.sign
    if not sign:
        return "none" if found.pairs < FEWEST or found.sign else "no difference shown"
    return "better" if sign > 0 else "worse"


def conditions(experiment: Experiment, comparison: Comparison) -> list[str]:
    """Return the conditions of a verdict: sizes, pairs, budget, and the size of the family of intervals."""
    plan = experiment.plan
    a, b = plan.arm(comparison.a.name), plan.arm(comparison.b.name)
    words: list[str] = []
    if a.parameters is not None and b.parameters is not None:
        counts = (a.parameters, b.parameters)
        alike = max(counts) <= 1.01 * min(counts)
        words.append(
            f"{round(np.mean(counts)):,} parameters each" if alike else f"{counts[0]:,} and {counts[1]:,} parameters"
        )
    words.append(_pairs(experiment, comparison))
    if comparison.missing:
        words.append(f"{comparison.missing} failed or diverged")
    words.append(_budget(a, b))
    if plan.equal == "samples" and plan.has_set:
        words[-1] += " of the smallest picture's samples, rounded up to whole steps"
    if plan.family > 1:
        words.append(f"CIs simultaneous for {plan.family} comparisons")
    return words


def _pairs(experiment: Experiment, comparison: Comparison) -> str:
    if comparison.pictures == 1:
        return pluralize(comparison.difference.pairs, "paired seed")
    plan, found = experiment.plan, comparison.components
    pictures = pluralize(comparison.difference.pairs, "picture")
    seeds = f"{pictures} x {pluralize(len(plan.seeds), 'paired seed')}"
    return seeds if found is None else f"{seeds}, seed share of the variance {found.seed_share:.0%}"


def _budget(a: Arm, b: Arm) -> str:
    budgets = (a.recipe.budget, b.recipe.budget)
    words: list[str] = []
    for unit in ("epochs", "steps", "seconds"):
        amounts = [getattr(budget, unit) for budget in budgets]
        if any(amount is not None for amount in amounts):
            first, second = (("any" if amount is None else f"{amount:g}") for amount in amounts)
            named = unit.removesuffix("s") if first == second == "1" else unit
            words.append(f"{first} {named}" if first == second else f"{first} and {second} {named}")
    return " or ".join(words)


def _bounds(found: Interval, decimals: int, *, flipped: bool = False) -> str:
    low, high = (-found.high, -found.low) if flipped else (found.low, found.high)
    return (
        f"{LEVEL:.0%} CI [" + ", ".join("-" if math.isinf(end) else f"{end:.{decimals}f}" for end in (low, high)) + "]"
    )
