"""A budget that ends long before the first epoch does is told at the end of the run."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from sfumato.training.diagnosis.few_seen import few_seen
from sfumato.training.picture.evaluation import evaluate

PICTURE = np.random.default_rng(1).uniform(0.2, 0.8, (12, 12, 3))


def poor(psnr: float, epoch: float, size: tuple[int, int] = (3000, 4000)) -> list[str]:
    evaluation = replace(evaluate(lambda rows: PICTURE[rows], PICTURE, None), psnr=psnr)
    return few_seen(evaluation, epoch, 3.0, size)


def test_a_budget_that_shows_few_pixels_is_told_with_what_would_do() -> None:
    (line,) = poor(16.2, 0.03)
    assert line.startswith("Only 3% of the pixels were shown")
    assert "16.2 dB" in line
    assert "--budget.epochs 1, about 1.7 min" in line or "--budget.epochs 1, about 100 s" in line
    assert "--picture.max-side 400" in line
    assert "0.2%" in poor(12, 0.002)[0]
    assert "max-side" not in poor(12, 0.9, (2, 2))[0]


@pytest.mark.parametrize(
    ("psnr", "epoch"), [(30, 0.03), (12, 1.0), (12, 40), (12, 0), (math.inf, 0.5), (math.nan, 0.5)]
)
def test_of_others_nothing_is_said(psnr: float, epoch: float) -> None:
    assert poor(psnr, epoch) == []
