"""Divergence as evidence: whether trainings of one arm diverge on more seeds, or pictures, than those of another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scipy import stats

from sfumato.lab.plan import Unit
from sfumato.lab.statistics import LEVEL, Interval


@dataclass(frozen=True)
class Divergence:
    """How many trainings of two arms diverged, and on how many independent units they differ in that."""

    trainings: tuple[int, int] = (0, 0)
    """Trainings that ended, for each arm: those that failed tell nothing about the arm, and are left out."""
    diverged: tuple[int, int] = (0, 0)
    """Trainings that diverged, for each arm."""
    units: int = 0
    """Independent units on which trainings of both arms ended."""
    differing: tuple[int, int] = (0, 0)
    """Units on which the first arm diverged and the second did not, and the reverse."""
    comparisons: int = 1
    """The family of comparisons for which Bonferroni's correction is made, as for the intervals."""

    @property
    def any(self) -> bool:
        """Return whether a training diverged."""
        return any(self.diverged)

    @property
    def p(self) -> float:
        """Return the p-value of the exact sign test, with Bonferroni's correction."""
        return min(1.0, self.comparisons * sign_test(*self.differing))

    @property
    def sign(self) -> int:
        """Return 1 where the second arm diverges on significantly more units, -1 where the first does, else 0.

        At 5% that takes six units that differ, more than the fewest from which an interval gives a verdict.
        """
        if self.p > 1 - LEVEL:
            return 0
        return 1 if self.differing[1] > self.differing[0] else -1


def sign_test(first: int, second: int) -> float:
    """Return the p-value of the exact two-sided sign test on the units that differ: `first` in one way, `second` not.

    That is McNemar's test in its exact form: each unit that differs would do so in either way with probability 1/2
    (McNemar 1947, Psychometrika 12; Conover 1999, Practical Nonparametric Statistics, section 3.5).
    """
    return float(stats.binomtest(first, first + second).pvalue) if first + second else 1.0


def divergence(
    a: Mapping[Unit, str], b: Mapping[Unit, str], *, over_pictures: bool, comparisons: int = 1
) -> Divergence:
    """Return what the statuses of the trainings of two arms, by (picture, seed), tell about divergence.

    The independent units are the pictures of a set, because seeds on one picture are alike, or the seeds on one
    picture. A unit counts as diverged in an arm where more than half of its trainings that ended diverged.
    """
    arms = tuple(
        {unit: status == "diverged" for unit, status in of_arm.items() if status != "failed"} for of_arm in (a, b)
    )
    first, second = (_by_unit(of_arm, over_pictures=over_pictures) for of_arm in arms)
    both = [(first[unit], second[unit]) for unit in first if unit in second]
    return Divergence(
        (len(arms[0]), len(arms[1])),
        (sum(arms[0].values()), sum(arms[1].values())),
        len(both),
        (both.count((True, False)), both.count((False, True))),
        comparisons,
    )


def _by_unit(diverged: Mapping[Unit, bool], *, over_pictures: bool) -> dict[Unit, bool]:
    groups: dict[Unit, list[bool]] = {}
    for (picture, seed), value in diverged.items():
        groups.setdefault((picture, 0) if over_pictures else (picture, seed), []).append(value)
    return {unit: 2 * sum(values) > len(values) for unit, values in groups.items()}


def combined_sign(found: Interval, diverged: Divergence) -> int:
    """Return the verdict: that of the interval, or of divergence; 0 where neither claims one, or they contradict.

    An interval speaks only about trainings that finished: it does not make an arm better that diverges more often.
    """
    signs = {found.sign, diverged.sign} - {0}
    return signs.pop() if len(signs) == 1 else 0
