"""Verdicts of an ablation on a setting."""

from __future__ import annotations

import pytest

from sfumato.lab.plan import Arm
from sfumato.lab.statistics import Interval
from sfumato.lab.verdict import ablation_sentence
from sfumato.recipe import Recipe

BASE = Arm("base", Recipe(), None, None, title="the set-up")
SCAN = Arm("sequential", Recipe(), None, None, title="scan order", instead="shuffled order")
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
        (Interval(2.0, 1.0, 3.0, 2), (0, 3), "helped: 0 of 5 trainings diverged with it, 3 with scan order"),
        (Interval(2.0, 1.0, 3.0, 2), (3, 0), "hurt: 3 of 5 trainings diverged with it, 0 with scan order"),
        (Interval(2.0, 1.0, 3.0, 2), (0, 0), "no verdict against scan order, +2.00 dB from fewer than 5 paired seeds"),
    ],
)
def test_the_verdict_follows_the_interval(found: Interval, lost: tuple[int, int], words: str) -> None:
    assert words in ablation_sentence(BASE, SCAN, found, lost, 5)


def test_the_setting_may_be_that_of_the_other_arm() -> None:
    small = Arm("small", Recipe(), None, None, title="small picture first", instead="the full picture")
    assert ablation_sentence(small, BASE, Interval(1.0, 0.5, 1.5, 5), (0, 0), 5).startswith(
        "small picture first helped by 1.00 dB"
    )
