"""A budget that ends long before the first epoch is a finding at the end of the run."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from sfumato.training.diagnosis.outcome import short_budget_findings
from sfumato.training.picture.evaluation import evaluate

PICTURE = np.random.default_rng(1).uniform(0.2, 0.8, (12, 12, 3))


def findings(psnr: float, epoch: float, size: tuple[int, int] = (3000, 4000)) -> list[str]:
    evaluation = replace(evaluate(lambda rows: PICTURE[rows], PICTURE, None), psnr=psnr)
    return short_budget_findings(evaluation, epoch, 3.0, size)


def test_a_short_budget_is_a_finding_with_a_suggestion() -> None:
    (line,) = findings(16.2, 0.03)
    assert line.startswith("The budget ended after 3% of an epoch, at 16.2 dB")
    assert "--budget.epochs 1, about 1.7 min" in line or "--budget.epochs 1, about 100 s" in line
    assert "--picture.max-side 400" in line
    assert "0.2%" in findings(12, 0.002)[0]
    assert "max-side" not in findings(12, 0.9, (2, 2))[0]


@pytest.mark.parametrize(
    ("psnr", "epoch"), [(30, 0.03), (12, 1.0), (12, 40), (12, 0), (math.inf, 0.5), (math.nan, 0.5)]
)
def test_other_runs_have_no_finding(psnr: float, epoch: float) -> None:
    assert findings(psnr, epoch) == []
