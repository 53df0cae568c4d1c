"""Verdicts of an ablation on a setting."""

from __future__ import annotations

import pytest

from sfumato.lab.matters import sentence
from sfumato.lab.plan import Arm
from sfumato.lab.statistics import Interval
from sfumato.recipe import Recipe

BASE = Arm("base", Recipe(), None, None, title="the set-up")
SCAN = Arm("sequential", Recipe(), None, None, title="scan order", instead="shuffled order")
NARROW, WIDE = (-0.2, 0.3), (-2.0, 2.3)


@pytest.mark.parametrize(
    ("found", "lost", "words"),
    [
        (Interval(1.0, 0.5, 1.5, 5), (0, 0), "shuffled order helped: 1.00 dB [0.50, 1.50] over scan order"),
        (Interval(-1.0, -1.5, -0.5, 5), (0, 0), "shuffled order hurt: 1.00 dB [0.50, 1.50] under scan order"),
        (Interval(0.05, *NARROW, 5), (0, 0), "shuffled order: no difference shown: does not matter here"),
        (Interval(0.05, *WIDE, 5), (0, 0), "too few seeds to say that it does not matter (between -2.00 and +2.30 dB"),
        (Interval(2.0, 1.0, 3.0, 2), (0, 3), "helped: with scan order 3 of 5 trainings diverged, with it 0"),
        (Interval(2.0, 1.0, 3.0, 2), (3, 0), "hurt: with it 3 of 5 trainings diverged, with scan order 0"),
        (Interval(2.0, 1.0, 3.0, 2), (0, 0), "no verdict, +2.00 dB over scan order on fewer than 5 paired seeds"),
    ],
)
def test_words_follow_the_interval(found: Interval, lost: tuple[int, int], words: str) -> None:
    assert words in sentence(BASE, SCAN, found, lost, 5)


def test_the_other_way_round_it_is_the_arm_that_has_the_setting() -> None:
    small = Arm("small", Recipe(), None, None, title="small picture first", instead="the full picture")
    assert sentence(small, BASE, Interval(1.0, 0.5, 1.5, 5), (0, 0), 5).startswith(
        "small picture first helped: 1.00 dB"
    )
