"""A painting without any error is a result: it counts as a fixed PSNR wherever numbers go."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet

from sfumato import trust
from sfumato.lab import report, verdict
from sfumato.lab.arms import Picture
from sfumato.lab.compare import plan_of
from sfumato.lab.executors.threads import Threads
from sfumato.lab.experiment import load_experiment, run_plan
from sfumato.lab.measure import HIGHEST_PSNR, counted_psnr
from sfumato.recipe import Recipe, changed
from tests.lab.small_plan import BASE

MODULE = "tests.lab.exact_network:Exact"


@pytest.mark.slow
def test_an_exact_painting_has_a_finite_score(tmp_path: Path) -> None:
    trust.allow(MODULE)
    picture = np.full((12, 10, 3), (0.25, 0.5, 0.75), np.float32)
    base = changed(Recipe(), {**BASE, "budget": {"epochs": 1}})
    arms = {"learned": base, "exact": changed(base, {"model": {"module": MODULE}})}
    plan = plan_of(arms, [Picture("cat", picture)], seeds=5, tune=False)
    run_plan(plan, (picture,), tmp_path / "e", executor=Threads(1))
    found = load_experiment(tmp_path / "e")
    assert list(found.scores(plan.arms[1]).values()) == [HIGHEST_PSNR] * 5
    assert verdict.sentences(found)[0].startswith("exact beats learned by ")
    # JSON has no infinity.
    for line in (tmp_path / "e" / "trials.jsonl").read_text(encoding="utf-8").splitlines():
        json.loads(line, parse_constant=pytest.fail)
    report.write(found)
    rows = list(csv.DictReader((tmp_path / "e" / "trials.csv").read_text(encoding="utf-8").splitlines()))
    assert {(row["psnr"], row["mse"]) for row in rows if row["arm"] == "exact"} == {("150.0", "0.0")}
    assert max(parquet.read_table(tmp_path / "e" / "trials.parquet")["psnr"].to_pylist()) == HIGHEST_PSNR
    page = (tmp_path / "e" / report.PAGE).read_text(encoding="utf-8")
    assert "None: every trial finished." in page
    assert "counts as 150 dB" in page


@pytest.mark.parametrize(
    ("psnr", "counted"), [(math.inf, 150.0), (151.0, 150.0), (30.0, 30.0), (math.nan, None), (-math.inf, None)]
)
def test_counted_psnr(psnr: float, counted: float | None) -> None:
    assert counted_psnr(psnr) == counted
