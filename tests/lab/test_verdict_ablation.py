"""Verdicts of an ablation on a setting."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from scipy import stats

from sfumato.lab import verdict
from sfumato.lab.ablation_words import ablation_sentence
from sfumato.lab.divergence import Divergence, divergence
from sfumato.lab.plan import Arm
from sfumato.lab.report.verdict_part import headline
from sfumato.lab.statistics import Interval
from sfumato.lab.trial import Key
from sfumato.recipe import Recipe
from tests.lab.test_picture_sets import plan, scored

BASE = Arm("base", Recipe(), None, None, title="the set-up")
SCAN = Arm("sequential", Recipe(), None, None, title="scan order", instead="shuffled order")
NOTHING = Interval(math.nan, -math.inf, math.inf, 0)
NARROW, WIDE = (-0.2, 0.3), (-2.0, 2.3)


@pytest.mark.parametrize(
    ("found", "lost", "words"),
    [
        (
            Interval(1.0, 0.5, 1.5, 5),
            (0, 0),
            "shuffled order helped by 1.00 dB against scan order, 95% CI [0.50, 1.50]",
        ),
        (
            Interval(-1.0, -1.5, -0.5, 5),
            (0, 0),
            "shuffled order hurt by 1.00 dB against scan order, 95% CI [0.50, 1.50]",
        ),
        (
            Interval(0.05, *NARROW, 5),
            (0, 0),
            "shuffled order: no difference shown: +0.05 dB against scan order, 95% CI [-0.20, +0.30], negligible",
        ),
        (
            Interval(0.05, *WIDE, 5),
            (0, 0),
            "no difference shown: +0.05 dB against scan order, 95% CI [-2.00, +2.30], too wide to be called",
        ),
        (
            Interval(2.0, 1.0, 3.0, 2),
            (0, 9),
            "helped: 0 of 9 trainings diverged with it, 9 of 9 with scan order (exact sign test over 9 paired seeds, "
            "p = 0.0039); +2.00 dB from fewer than 5",
        ),
        (NOTHING, (9, 0), "hurt: 9 of 9 trainings diverged with it, 0 of 9 with scan order (exact"),
        (NOTHING, (0, 5), "no verdict against scan order, no seed finished in both arms; 0 of 5 trainings diverged"),
        (NOTHING, (1, 0), "no verdict against scan order, no seed finished in both arms; 1 of 5 trainings diverged"),
        (
            Interval(1.0, 0.5, 1.5, 6),
            (0, 3),
            "helped by 1.00 dB against scan order, 95% CI [0.50, 1.50]; 0 of 5 trainings diverged with it, 3 of 5 with",
        ),
        (
            Interval(1.0, 0.5, 1.5, 6),
            (9, 0),
            "no verdict: +1.00 dB against scan order, 95% CI [+0.50, +1.50] where both finished, but 9 of 9 trainings",
        ),
        (
            Interval(0.05, *WIDE, 5),
            (0, 9),
            "p = 0.0039); +0.05 dB against scan order, 95% CI [-2.00, +2.30] where both finished",
        ),
        (
            Interval(0.05, *WIDE, 5),
            (0, 3),
            "too wide to be called negligible (within 0.5 dB); 0 of 5 trainings diverged with it, 3 of 5",
        ),
        (Interval(2.0, 1.0, 3.0, 2), (0, 0), "no verdict against scan order, +2.00 dB from fewer than 5 paired seeds"),
    ],
)
def test_the_verdict_follows_the_interval_and_divergence(found: Interval, lost: tuple[int, int], words: str) -> None:
    trainings = max(5, *lost)
    diverged = Divergence((trainings, trainings), lost, trainings, lost)
    assert words in ablation_sentence(BASE, SCAN, found, diverged)


@pytest.mark.parametrize(
    ("first", "second", "comparisons", "p", "sign"),
    # Twice the lower tail of the binomial distribution with probability 1/2.
    [
        (0, 0, 1, 1, 0),
        (0, 5, 1, 2 / 32, 0),
        (0, 6, 1, 2 / 64, 1),
        (6, 0, 1, 2 / 64, -1),
        (0, 6, 2, 4 / 64, 0),
        (0, 7, 2, 4 / 128, 1),
        (2, 7, 1, 2 * (1 + 9 + 36) / 512, 0),
        (1, 9, 1, 2 * (1 + 10) / 1024, 1),
        (4, 4, 1, 1, 0),
    ],
)
def test_divergence_is_tested_by_the_exact_sign_test(
    first: int, second: int, comparisons: int, p: float, sign: int
) -> None:
    diverged = Divergence((20, 20), (first, second), 20, (first, second), comparisons)
    assert diverged.p == pytest.approx(p)
    assert diverged.p == pytest.approx(min(1, comparisons * stats.binomtest(first, max(1, first + second)).pvalue))
    assert diverged.sign == sign


def test_the_units_of_divergence_are_seeds_of_one_picture_or_pictures_of_a_set() -> None:
    """On seven seeds of one picture the arms differ on seven units; on seven seeds of two pictures, on two."""
    one = {(0, seed): "finished" for seed in range(7)}
    assert divergence(one, dict.fromkeys(one, "diverged"), over_pictures=False).differing == (0, 7)
    two = {(picture, seed): "finished" for picture in range(2) for seed in range(7)}
    found = divergence(dict.fromkeys(two, "diverged"), two, over_pictures=True)
    assert (found.diverged, found.units, found.differing, found.sign) == ((14, 0), 2, (2, 0), 0)


@pytest.mark.parametrize(("diverged", "differing"), [(1, (0, 0)), (2, (0, 0)), (3, (0, 1))])
def test_a_picture_diverged_where_most_of_its_trainings_did(diverged: int, differing: tuple[int, int]) -> None:
    fine = {(0, seed): "finished" for seed in range(4)}
    others = {(0, seed): "diverged" if seed < diverged else "finished" for seed in range(4)}
    assert divergence(fine, others, over_pictures=True).differing == differing


def test_a_training_that_failed_is_no_evidence_of_divergence() -> None:
    fine = {(0, seed): "finished" for seed in range(9)}
    found = divergence(fine, dict.fromkeys(fine, "failed"), over_pictures=False)
    assert (found.trainings, found.diverged, found.units, found.sign) == ((9, 0), (0, 0), 0, 0)


@pytest.mark.parametrize(
    ("pictures", "seeds", "diverges", "words", "verdict_word"),
    [
        # One diverged training of one picture is no claim, and does not hide the measured difference.
        (5, 2, lambda key: key.picture == 0, "b: no verdict against a, +1.01 dB from fewer than 5 pictures; 2", "none"),
        (5, 9, lambda _: True, "no seed finished in both arms; 45 of 45 trainings diverged with it, 0 of 45", "none"),
        (6, 1, lambda _: True, "hurt on pictures like these: 6 of 6 trainings diverged with it, 0 of 6", "worse"),
        (6, 2, lambda key: key.picture == 0, "b helped on pictures like these by 1.01 dB", "better"),
    ],
)
def test_an_ablation_on_pictures_claims_only_what_is_significant(
    tmp_path: Path, pictures: int, seeds: int, diverges: Callable[[Key], bool], words: str, verdict_word: str
) -> None:
    of = plan(pictures, seeds=seeds)
    arms = (replace(of.arms[0], title="a"), replace(of.arms[1], title="b", instead="a"))
    found = scored(
        tmp_path / "e",
        replace(of, arms=arms),
        lambda key: 20 + (1 + 0.005 * key.picture) * (key.arm == "b"),
        diverges=lambda key: key.arm == "b" and diverges(key),
    )
    (comparison,) = verdict.comparisons(found)
    assert words in verdict.claim(comparison)
    assert verdict.as_values(comparison, "")["verdict"] == verdict_word


def test_a_comparison_follows_the_same_rule(tmp_path: Path) -> None:
    found = scored(tmp_path / "e", plan(6, seeds=1), lambda _: 20.0, diverges=lambda key: key.arm == "b")
    (text,) = verdict.sentences(found)
    assert text.startswith("a beats b on pictures like these: 6 of 6 trainings diverged with b, 0 of 6 with a (exact")
    assert headline(verdict.comparisons(found))[0] == "a beats b on pictures like these"
    found = scored(tmp_path / "f", plan(5, seeds=1), lambda _: 20.0, diverges=lambda key: key.arm == "b")
    (text,) = verdict.sentences(found)
    assert text.startswith("no verdict on b against a: no seed finished in both arms")


def test_the_setting_may_be_that_of_the_other_arm() -> None:
    small = Arm("small", Recipe(), None, None, title="small picture first", instead="the full picture")
    assert ablation_sentence(small, BASE, Interval(1.0, 0.5, 1.5, 5), Divergence()).startswith(
        "small picture first helped by 1.00 dB"
    )
