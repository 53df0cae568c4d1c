"""The work of an experiment, counted trial by trial, against sums over all trials."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sfumato.lab.work import Work, operations
from tests.lab import tuned
from tests.lab.small_plan import small_plan

TWO: tuple[dict[str, Any], dict[str, Any]] = ({}, {"model": {"width": 24}})


@pytest.mark.parametrize("how", [{"tune": False}, {"tune": True}, {"tune": "lr,omega", "tuning_trials": 8}])
def test_it_is_the_sum_at_any_time(tmp_path: Path, how: dict[str, Any]) -> None:
    plan = tuned.plan() if "tuning_trials" in how else small_plan(*TWO, seeds=3, **how)
    whole = tuned.run(plan, tmp_path / "e")
    rows: dict[Any, Any] = {}
    work = Work(plan, rows)
    for key, row in whole.rows.items():
        rows[key] = row
        work.add(key, rows)
        anew = Work(plan, rows)
        assert (work.done, work.total) == (anew.done, anew.total)
    assert work.done == work.total == sum(operations(plan, key) for key in whole.rows) > len(whole.rows)


def test_a_trial_of_the_verdict_is_counted_without_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Test it, because the time of ten thousand trials would grow with their square."""
    whole = tuned.run(small_plan(*TWO, seeds=3), tmp_path / "e")
    work = Work(whole.plan, {})
    monkeypatch.delattr("sfumato.lab.work.verdict_keys")
    monkeypatch.delattr("sfumato.lab.work.coming")
    for key in whole.rows:
        work.add(key, {})
    assert work.done == work.total
