"""Verdicts of an experiment, in sentences that follow from the confidence intervals; those of ablations."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

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

SMALL = 0.5
"""Differences within this many dB count as negligible: hardly anybody sees them."""


def named(follows: Named, undone: Named) -> tuple[str, str]:
    """Return (the setting, its replacement), from the arm that has the setting and the one that does not."""
    return (undone.instead, undone.title) if undone.instead else (follows.title, follows.instead)


def ablation_sentence(
    follows: Named,
    undone: Named,
    found: Interval,
    diverged: tuple[int, int],
    seeds: int,
    noun: str = "paired seeds",
    about: str = "",
) -> str:
    """Return the verdict: ``shuffled order helped by 0.72 dB against scan order, 95% CI [0.60, 0.84]``.

    ``diverged``: how many of ``seeds`` trainings failed or diverged, for each of the two arms; ``noun``: what
    ``found.pairs`` counts; ``about``: what the verdict is about, after a space.
    """
    has, lacks = named(follows, undone)
    # On fewer pictures than a verdict needs, divergences do not make one.
    enough = not about or found.pairs + max(diverged) >= FEWEST
    if found.pairs < FEWEST and enough and diverged[1] > diverged[0]:
        return f"{has} helped: {diverged[0]} of {seeds} trainings diverged with it, {diverged[1]} with {lacks}"
    if found.pairs < FEWEST and enough and diverged[0] > diverged[1]:
        return f"{has} hurt: {diverged[0]} of {seeds} trainings diverged with it, {diverged[1]} with {lacks}"
    if found.pairs == 0:
        return f"{has}: no verdict against {lacks}, no seed finished in both arms"
    if found.pairs < FEWEST:
        return f"{has}: no verdict against {lacks}, {found.mean:+.2f} dB from fewer than {FEWEST} {noun}"
    if found.sign > 0:
        return f"{has} helped{about} by {found.mean:.2f} dB against {lacks}, 95% CI [{found.low:.2f}, {found.high:.2f}]"
    if found.sign < 0:
        return (
            f"{has} hurt{about} by {-found.mean:.2f} dB against {lacks}, 95% CI [{-found.high:.2f}, {-found.low:.2f}]"
        )
    difference = f"{found.mean:+.2f} dB against {lacks}, 95% CI [{found.low:+.2f}, {found.high:+.2f}]"
    if found.low > -SMALL and found.high < SMALL:
        return f"{has}: no difference shown: {difference}, negligible (within {SMALL:g} dB)"
    return f"{has}: no difference shown: {difference}, too wide to be called negligible (within {SMALL:g} dB)"


def is_ablation(arms: Sequence[Named]) -> bool:
    """Return whether one of the two arms names what replaces a setting."""
    return any(arm.instead for arm in arms)


class Named(Protocol):
    """An arm's names in sentences, as `sfumato.lab.plan.Arm` has them."""

    @property
    def name(self) -> str:
        """The short name."""
        ...

    @property
    def title(self) -> str:
        """The name in verdicts; empty if it is the short one."""
        ...

    @property
    def verb(self) -> str:
        """The verb after it: ``beats`` or ``beat``."""
        ...

    @property
    def instead(self) -> str:
        """In an ablation: what the other arm has in place of what ``title`` names; else empty."""
        ...


@dataclass(frozen=True)
class Comparison:
    """The comparison of two arms on paired seeds."""

    a: Named
    b: Named
    difference: Interval
    """Mean over the seeds of the measure of ``a`` minus that of ``b``."""
    missing: int
    """Seeds at which one of the two failed or diverged."""
    lost: tuple[int, int] = (0, 0)
    """Seeds that failed or diverged, for each arm."""
    seeds: int = 0
    """All seeds of the plan."""
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
        lost = (units - len(of_a), units - len(of_b))
        difference = mean_interval(plan, by_picture, plan.family, _selection(experiment, a, b))
        found.append(
            Comparison(
                a,
                b,
                difference,
                units - len(paired),
                lost,
                units,
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
    if is_ablation((a, b)):
        return ablation_sentence(a, b, found, comparison.lost, comparison.seeds, comparison.noun, comparison.about)
    if found.pairs == 0:
        return f"no verdict on {names[0]} against {names[1]}: no seed finished in both arms"
    if found.sign:
        better, worse = (a, b) if found.sign > 0 else (b, a)
        bounds = _bounds(found, comparison.decimals, flipped=found.sign < 0)
        difference = f"{abs(found.mean):.{comparison.decimals}f} {comparison.unit}, {bounds}"
        return f"{better.title or better.name} {better.verb} {worse.name}{comparison.about} by {difference}"
    signed = f"{found.mean:+.{comparison.decimals}f} {comparison.unit}, {_bounds(found, comparison.decimals)}"
    if found.pairs < FEWEST:
        return f"no verdict on {names[0]} against {names[1]}: {signed}, fewer than {FEWEST} {comparison.noun}"
    return f"no difference shown between {names[0]} and {names[1]}: {signed}"


def as_values(comparison: Comparison, sentence: str) -> dict[str, Any]:
    """Return a comparison as JSON values; an end of the interval that is infinite or unknown is None.

    ``mean``, ``low`` and ``high`` are above 0 where the arm is better. ``verdict`` is ``none`` with too few pairs.
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
        "verdict": {1: "better", -1: "worse", 0: "no difference shown"}[found.sign]
        if found.pairs >= FEWEST
        else "none",
        "sentence": sentence,
    }


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
    words.append(_budget(a, b) + (" of the smallest picture" if plan.equal == "samples" and plan.has_set else ""))
    if plan.family > 1:
        words.append(f"CIs simultaneous for {plan.family} comparisons")
    return words


def _pairs(experiment: Experiment, comparison: Comparison) -> str:
    if comparison.pictures == 1:
        return f"{comparison.difference.pairs} paired seeds"
    plan, found = experiment.plan, comparison.components
    seeds = (
        f"{comparison.difference.pairs} pictures x {len(plan.seeds)} paired seed{'s' if len(plan.seeds) > 1 else ''}"
    )
    return seeds if found is None else f"{seeds}, seed share of the variance {found.seed_share:.0%}"


def _budget(a: Arm, b: Arm) -> str:
    budgets = (a.recipe.budget, b.recipe.budget)
    words: list[str] = []
    for unit in ("epochs", "steps", "seconds"):
        amounts = [getattr(budget, unit) for budget in budgets]
        if any(amount is not None for amount in amounts):
            first, second = (("any" if amount is None else f"{amount:g}") for amount in amounts)
            words.append(f"{first} {unit}" if first == second else f"{first} and {second} {unit}")
    return " or ".join(words)


def _bounds(found: Interval, decimals: int, *, flipped: bool = False) -> str:
    low, high = (-found.high, -found.low) if flipped else (found.low, found.high)
    return (
        f"{LEVEL:.0%} CI [" + ", ".join("-" if math.isinf(end) else f"{end:.{decimals}f}" for end in (low, high)) + "]"
    )
