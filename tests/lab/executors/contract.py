"""What every executor must do, as checks that a test calls with one."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from sfumato.lab import verdict
from sfumato.lab.executors.executor import ReportingExecutor
from sfumato.lab.experiment import Experiment, run_plan, trials
from sfumato.lab.train import target_of, train
from sfumato.lab.trial import Key, Outcome, Trial, key_of
from tests.lab.small_plan import small_plan, target

PLAN = small_plan({}, {"model": {"width": 9}}, seeds=2)
TRIALS = trials(PLAN, {})
CLOCK = ("seconds",)


def numbers(value: Any) -> Any:
    """Return a row without what the clock says."""
    if isinstance(value, Mapping):
        return {name: numbers(each) for name, each in cast("Mapping[str, Any]", value).items() if name not in CLOCK}
    return [numbers(each) for each in cast("list[Any]", value)] if isinstance(value, list) else value


def assert_same(outcome: Outcome, wanted: Outcome) -> None:
    """Check that two outcomes are of the same training, to the bit."""
    assert outcome.key == wanted.key
    assert numbers(outcome.row) == numbers(wanted.row)
    assert outcome.weights.keys() == wanted.weights.keys() != set()
    for name, value in wanted.weights.items():
        assert np.array_equal(outcome.weights[name], value)
        assert outcome.weights[name].dtype == value.dtype
    assert len(outcome.frames) == len(wanted.frames)
    for mine, other in zip([*outcome.frames, outcome.painting], [*wanted.frames, wanted.painting], strict=True):
        assert (mine is None) == (other is None)
        assert mine is None or np.array_equal(mine, cast("Any", other))


def check_numbers(executor: ReportingExecutor, some: Sequence[Trial] = TRIALS) -> None:
    """Check that each trial has one outcome, that of training it here."""
    found = list(executor(some, target(), lambda: False))
    assert sorted(str(each.key) for each in found) == sorted(str(each.key) for each in some)
    by_key = {each.key: each for each in found}
    for trial in some:
        assert_same(by_key[trial.key], train(trial, target_of(trial, target())))


def endless() -> Iterator[Trial]:
    """Yield trials with one seed after another."""
    for seed in itertools.count():
        yield replace(TRIALS[0], key=replace(TRIALS[0].key, seed=seed))


def check_takes_as_it_trains(executor: ReportingExecutor, ahead: int) -> None:
    """Check that trials are taken one by one, at most ``ahead`` more than have outcomes; and that stopping ends it."""
    taken = 0

    def counted() -> Iterator[Trial]:
        nonlocal taken
        for trial in endless():
            taken += 1
            yield trial

    outcomes: list[Outcome] = []
    for outcome in executor(counted(), target(), lambda: len(outcomes) >= 5):
        outcomes.append(outcome)
        assert taken <= len(outcomes) + ahead
    assert len(outcomes) >= 5


def check_reports(executor: ReportingExecutor) -> None:
    """Check that points are reported with their keys, and that a trial ends where it is told to."""
    some = [trial for trial in TRIALS if trial.marks]
    pruned_arm, points = some[0].key.arm, dict[Key, list[int]]()

    def report(key: Key, point: Mapping[str, Any], passed: int) -> bool:
        assert np.isfinite(point["psnr"])
        points.setdefault(key, []).append(passed)
        return key.arm == pruned_arm

    found = {each.key: each for each in executor(some, target(), lambda: False, report)}
    assert points.keys() == found.keys()
    for trial in some:
        status = found[trial.key].row["status"]
        # An executor may learn of the end late, at one of the marks that follow.
        if trial.key.arm == pruned_arm:
            assert status in ("pruned", "finished")
        else:
            assert status == "finished"
            assert points[trial.key] == list(range(1, len(trial.marks)))


def assert_like_local(found: Experiment, tmp_path: Path) -> None:
    """Check that there is a row for every trial, once, and the verdict of this machine's executor."""
    wanted = run_plan(found.plan, target(), tmp_path / "local", workers=2)
    lines = (found.folder.path / "trials.jsonl").read_text().splitlines()
    assert Counter(key_of(json.loads(line)) for line in lines) == dict.fromkeys(wanted.rows, 1)
    for arm in found.plan.arms:
        assert found.scores(arm) == wanted.scores(arm)
    assert verdict.sentences(found) == verdict.sentences(wanted)
