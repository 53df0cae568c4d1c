"""Execution of plans: the same numbers with every executor, nothing trained twice, failures reported."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

import sfumato as sf
from sfumato.errors import RecipeError, RunError
from sfumato.lab import experiment as experiments
from sfumato.lab import verdict
from sfumato.lab.arm_summaries import lines, reaches
from sfumato.lab.arm_summaries import target as common_target
from sfumato.lab.executors import select
from sfumato.lab.executors.threads import Threads
from sfumato.lab.experiment import Experiment, StoppedError, load_experiment, marks, run_plan, trial_of
from sfumato.lab.plan import Plan
from sfumato.lab.trial import Outcome, Trial
from tests.lab.small_plan import small_plan, target

TWO: tuple[dict[str, Any], dict[str, Any]] = ({}, {"model": {"width": 24}})


def numbers(experiment: Experiment) -> dict[Any, Any]:
    """Return everything but times."""
    return {
        key: {name: value for name, value in row.items() if name not in ("seconds", "curve")}
        | {"curve": [{**point, "seconds": 0} for point in row.get("curve", [])]}
        for key, row in experiment.rows.items()
    }


@pytest.mark.slow
def test_a_trial_equals_a_single_training(tmp_path: Path) -> None:
    plan = small_plan(*TWO)
    found = run_plan(plan, target(), tmp_path / "e", workers=2)
    recipe = plan.arms[1].recipe.model_copy(update={"seed": 1, "threads": 1})
    alone = list(sf.train(target()[0], recipe=recipe))[-1]
    assert alone.evaluation is not None
    assert found.scores(plan.arms[1])[0, 1] == alone.evaluation.psnr
    (file,) = (tmp_path / "e" / "weights").glob("01-b-picture-000-seed-1.safetensors")
    saved = safetensors.numpy.load_file(file)
    assert all(np.array_equal(saved[name], weights) for name, weights in alone.weights().items())


@pytest.mark.slow
def test_the_number_of_threads_does_not_change_the_numbers(tmp_path: Path) -> None:
    plan = small_plan(*TWO)
    one = run_plan(plan, target(), tmp_path / "one", workers=1)
    three = run_plan(plan, target(), tmp_path / "three", workers=3)
    assert numbers(one) == numbers(three)


@pytest.mark.slow
def test_processes_give_the_numbers_of_threads_and_one_that_dies_takes_only_its_trial_with_it(tmp_path: Path) -> None:
    deadly = {"model": {"module": "tests.lab.broken_network:Deadly"}}
    plan = small_plan({}, deadly, TWO[1], seeds=1)
    assert select.local_name([arm.recipe for arm in plan.arms]) == "processes"
    by_processes = run_plan(plan, target(), tmp_path / "apart", workers=2)
    (dead,) = by_processes.results(plan.arms[1]).values()
    assert "its process died" in dead["reason"]
    threads = run_plan(small_plan({}, {}, TWO[1], seeds=1), target(), tmp_path / "threads", workers=2)
    living = {key: row for key, row in numbers(threads).items() if key.arm != "b"}
    assert len(living) == 2
    assert {key: row for key, row in numbers(by_processes).items() if key.arm != "b"} == living


@pytest.mark.slow
def test_arms_see_the_same_order_and_the_seeds_are_paired(tmp_path: Path) -> None:
    plan = small_plan({}, {}, seeds=3)
    found = run_plan(plan, target(), tmp_path / "e")
    a, b = (found.scores(arm) for arm in plan.arms)
    assert a == b
    assert len(set(a.values())) == 3
    (comparison,) = verdict.comparisons(found)
    assert comparison.difference.mean == 0


@pytest.mark.slow
def test_of_one_recipe_on_other_seeds_no_difference_is_shown(tmp_path: Path) -> None:
    plan = small_plan({}, {"seed": 100}, seeds=8)
    found = run_plan(plan, target(), tmp_path / "e")
    a, b = (found.scores(arm) for arm in plan.arms)
    assert set(a.values()).isdisjoint(b.values())
    assert verdict.sentences(found)[0].startswith("no difference shown between b and a")
    # The same seeds under other names.
    shifted = run_plan(small_plan({"seed": 103}, {}, seeds=1), target(), tmp_path / "shifted")
    assert shifted.scores(shifted.plan.arms[0])[0, 0] == b[0, 3]


@pytest.mark.slow
def test_each_arm_finds_its_own_rate_on_other_seeds(tmp_path: Path) -> None:
    # The same for both arms, whatever their written rates.
    plan = small_plan({}, {"training": {"optimizer": "sgd(lr=100)"}, "model": {"width": 9}}, tune=True)
    found = run_plan(plan, target(), tmp_path / "e")
    first, second = (found.rates(arm)[0] for arm in plan.arms)
    assert first < 0.1
    assert second < 100
    tuned = {key.seed for key in found.rows if key.purpose == "tuning"}
    assert tuned.isdisjoint(plan.seeds)
    assert all(len(found.results(arm)) == 2 for arm in plan.arms)
    assert not experiments.trials(plan, found.rows)


@pytest.mark.slow
@pytest.mark.parametrize(
    "other",
    [
        {"training": {"optimizer": "adam(lr=0.0017)"}},
        {"training": {"optimizer": "adam(lr=5)"}, "seed": 1000},
        {"training": {"optimizer": "adam(lr=0.003)"}, "seed": 1_000_000},
    ],
)
def test_arms_that_differ_in_written_rate_and_seed_choose_the_same_rate(other: dict[str, Any], tmp_path: Path) -> None:
    plan = small_plan({}, other, tune=True)
    found = run_plan(plan, target(), tmp_path / "e")
    tuning = [key for key in found.rows if key.purpose == "tuning"]
    a, b = ({(key.rates, key.seed): found.rows[key]["psnr"] for key in tuning if key.arm == name} for name in "ab")
    assert a == b
    assert len(a) >= 3
    assert found.rates(plan.arms[0]) == found.rates(plan.arms[1])
    judged = {trial_of(plan, key).recipe.seed for key in found.rows if key.purpose == "verdict"}
    tuned = {trial_of(plan, key).recipe.seed for key in tuning}
    assert judged.isdisjoint(tuned)


@pytest.mark.slow
def test_more_seeds_continue_the_experiment(tmp_path: Path) -> None:
    few, more = (small_plan(*TWO, tune=True, seeds=seeds) for seeds in (2, 4))
    before = run_plan(few, target(), tmp_path / "e")
    after = run_plan(more, target(), tmp_path / "e")
    assert len(after.rows) == len(before.rows) + 2 * 2
    assert (
        numbers(load_experiment(tmp_path / "e"))
        == numbers(after)
        == numbers(run_plan(more, target(), tmp_path / "whole"))
    )
    with pytest.raises(RunError, match="holds this experiment with 4 seeds. Got 2"):
        run_plan(few, target(), tmp_path / "e")


@pytest.mark.slow
def test_finished_trials_are_not_trained_again(tmp_path: Path) -> None:
    plan = small_plan(*TWO, tune=True)
    whole = run_plan(plan, target(), tmp_path / "whole")
    done: list[int] = []

    def seven() -> bool:
        return len(done) >= 7

    with pytest.raises(StoppedError):
        run_plan(plan, target(), tmp_path / "e", workers=1, watch=lambda *_: done.append(1), stop=seven)
    before = (tmp_path / "e" / "trials.jsonl").read_text()
    assert 0 < len(before.splitlines()) < len(whole.rows)
    # A trial whose row a crash cut off is trained again.
    (tmp_path / "e" / "trials.jsonl").write_text(before + '{"purpose": "verd')
    again = run_plan(plan, target(), tmp_path / "e")
    assert (tmp_path / "e" / "trials.jsonl").read_text().startswith(before)
    assert numbers(again) == numbers(whole) == numbers(load_experiment(tmp_path / "e"))
    assert verdict.sentences(again) == verdict.sentences(whole)

    def nobody(trials: Iterable[Trial], picture: Any, stop: Any) -> Iterator[Outcome]:
        raise AssertionError("everything is there")

    assert numbers(run_plan(plan, target(), tmp_path / "e", executor=nobody)) == numbers(whole)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")
def test_after_a_kill_no_trial_is_trained_twice(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from tests.lab.small_plan import *;"
        "from sfumato.lab.experiment import run_plan;"
        "plan = small_plan({}, {'model': {'width': 24}}, seeds=12); left = [1] * 7;"
        "watch = lambda *_: left.pop() and (left or os.kill(os.getpid(), signal.SIGKILL));"
        "run_plan(plan, target(), Path(sys.argv[1]), workers=2, watch=watch)"
    )
    rows = tmp_path / "e" / "trials.jsonl"
    command = [sys.executable, "-c", code, str(tmp_path / "e")]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    before = rows.read_text()
    complete_rows = before[: before.rfind("\n") + 1]
    assert 5 < complete_rows.count("\n") < 24
    plan = small_plan(*TWO, seeds=12)
    run_plan(plan, target(), tmp_path / "e", workers=2)
    assert rows.read_text().startswith(complete_rows)
    assert numbers(load_experiment(tmp_path / "e")) == numbers(run_plan(plan, target(), tmp_path / "whole"))


def test_a_failed_trial_is_recorded_and_stops_no_other(tmp_path: Path) -> None:
    # A custom network that cannot be built: its arm fails, the other is trained.
    plan = small_plan({}, {"model": {"module": "tests.lab.broken_network:Broken"}}, seeds=2)
    found = run_plan(plan, target(), tmp_path / "e", executor=Threads(2))
    assert len(found.scores(plan.arms[0])) == 2
    assert found.scores(plan.arms[1]) == {}
    rows = list(found.results(plan.arms[1]).values())
    assert [row["status"] for row in rows] == ["failed", "failed"]
    assert "on purpose" in rows[0]["reason"]
    (text,) = verdict.sentences(found)
    assert text.startswith("no verdict on b against a: no seed finished in both arms")
    assert [line.failed for line in lines(found)] == [0, 2]


def test_diverged_trainings_give_no_pairs(tmp_path: Path) -> None:
    plan = small_plan({}, {"training": {"optimizer": "sgd(lr=1e6)"}}, seeds=2)
    found = run_plan(plan, target(), tmp_path / "e")
    assert {row["status"] for row in found.results(plan.arms[1]).values()} == {"diverged"}
    assert found.scores(plan.arms[1]) == {}
    assert "2 failed or diverged" in verdict.sentences(found)[0]


@pytest.mark.slow
def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    run_plan(small_plan(*TWO), target(), tmp_path / "e")
    with pytest.raises(RunError, match="holds another experiment"):
        run_plan(small_plan({}, {"model": {"width": 25}}), target(), tmp_path / "e")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    with pytest.raises(RunError, match="or empty"):
        run_plan(small_plan(*TWO), target(), tmp_path / "full")
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["thesis.txt"]
    with pytest.raises(RunError, match="without a plan"):
        load_experiment(tmp_path / "nowhere")
    (tmp_path / "e" / "plan.json").write_text('{"layout": 4}')
    with pytest.raises(RunError, match="must be one that Sfumato wrote"):
        load_experiment(tmp_path / "e")


def test_a_picture_that_is_not_the_experiment_s_is_refused(tmp_path: Path) -> None:
    found = run_plan(small_plan(*TWO, seeds=1), target(), tmp_path / "e")
    assert np.array_equal(found.folder.picture(), target()[0])
    file = tmp_path / "e" / "pictures" / "000.npy"
    np.save(file, 1 - target()[0])
    with pytest.raises(RunError, match="must be (a picture|picture 0)"):
        found.folder.picture()
    with file.open("wb") as archive:
        np.savez(archive, a=target()[0])
    with pytest.raises(RunError, match="must be (a picture|picture 0)"):
        found.folder.picture()
    file.write_bytes(b"")
    with pytest.raises(RunError, match="must be (a picture|picture 0)"):
        found.folder.picture()


def test_a_plan_survives_its_file() -> None:
    plan = small_plan(*TWO, tune=True)
    again = Plan.of(json.loads(json.dumps(plan.to_values())))
    assert again == plan
    assert again.id == plan.id
    # An experiment with more seeds is the same experiment.
    assert small_plan(*TWO, tune=True, seeds=3).id == plan.id
    assert small_plan(*TWO, tune=False).id != plan.id


@pytest.mark.parametrize(("layout", "age"), [(1, "an older"), (99, "a newer")])
def test_a_plan_of_another_layout_is_refused(layout: int, age: str) -> None:
    with pytest.raises(RunError, match=f"{age} Sfumato made it; run the experiment again"):
        Plan.of({**small_plan(*TWO).to_values(), "layout": layout})


@pytest.mark.parametrize(
    ("changes", "how", "message"),
    [
        (({},), {}, "2 to 256 arms"),
        (({}, {"budget": {"psnr": 20, "epochs": 4}}), {}, "budget.psnr must be none"),
        (({}, {"picture": {"max_side": 8}}), {}, "the picture must be that of arm a"),
        (({}, {"budget": {"epochs": 9}}), {}, "must have the same budget.epochs"),
        (({}, {}), {"equal": "seconds"}, "budget.seconds must be given"),
        (({}, {}), {"equal": "luck"}, "equal must be one of"),
        (({}, {}), {"seeds": 0}, "seeds must be 1 to 1000"),
    ],
)
def test_invalid_comparisons_are_refused(
    changes: tuple[dict[str, Any], ...], how: dict[str, Any], message: str
) -> None:
    with pytest.raises(RecipeError, match=message):
        small_plan(*changes, **how)


def test_equal_operations_give_a_larger_network_fewer_epochs() -> None:
    plan = small_plan(*TWO, equal="operations")
    work = [
        arm.recipe.budget.epochs * arm.operations for arm in plan.arms if arm.operations and arm.recipe.budget.epochs
    ]
    assert work[0] == pytest.approx(work[1])
    assert plan.arms[0].recipe.budget.epochs == 4


def test_marks_are_dense_early_and_end_at_the_end() -> None:
    for epochs in (None, 0.5, 4, 10, 1000):
        found = marks(epochs)
        assert found[-1] == 1
        gaps = np.diff([0, *found])
        assert np.all(np.diff(gaps) > 0)
        assert 4 <= len(found) <= 12


def test_a_curve_s_time_to_a_target() -> None:
    curve = [
        {"psnr": 10.0, "seconds": 1.0, "samples": 100},
        {"psnr": None, "seconds": 1.5, "samples": 150},
        {"psnr": 12.0, "seconds": 2.0, "samples": 200},
        {"psnr": 16.0, "seconds": 4.0, "samples": 400},
    ]
    assert reaches(curve, 9.0) == {"seconds": 1.0, "samples": 100}
    assert reaches(curve, 13.0) == {"seconds": 2.5, "samples": 250}
    assert reaches(curve, 16.1) is None


@pytest.mark.slow
def test_every_arm_reaches_the_common_target(tmp_path: Path) -> None:
    found = run_plan(small_plan(*TWO, seeds=3), target(), tmp_path / "e")
    goal = common_target(found)
    assert goal is not None
    for line in lines(found):
        assert line.score >= goal
        assert line.finished == 3
        assert line.gigaflop is not None
        assert line.gigaflop == pytest.approx(4 * 120 * (line.arm.operations or 0) / 1e9)


def stub(by_arm: dict[str, Callable[[int], float]], plan: Plan, tmp_path: Path) -> Experiment:
    """Return an experiment whose dB are given, as a function of the seed."""

    def executor(trials: Iterable[Trial], picture: Any, stop: Any) -> Iterator[Outcome]:
        for trial in trials:
            key = trial.key
            row = {
                "purpose": key.purpose,
                "arm": key.arm,
                "seed": key.seed,
                "rates": list(key.rates),
                "status": "finished",
                "psnr": by_arm[key.arm](key.seed),
            }
            yield Outcome(key, row, {}, (), None)

    return run_plan(plan, target(), tmp_path / "e", executor=executor)


@pytest.mark.parametrize(
    ("shift", "starts"),
    [
        (2.0, "b beats a by 2.00 dB, 95% CI [1.95"),
        (-2.0, "a beats b by 2.00 dB, 95% CI [1.95"),
        (0.0, "no difference shown between b and a: +0.00 dB, 95% CI [-0.05, 0.05]"),
    ],
)
def test_the_sentence_follows_the_interval(shift: float, starts: str, tmp_path: Path) -> None:
    noise = [0.05, -0.04, 0.03, -0.03, -0.01]
    found = stub({"a": lambda seed: 20.0 + seed, "b": lambda seed: 20.0 + seed + shift + noise[seed]},
                 small_plan({}, {"model": {"width": 9}}, seeds=5), tmp_path)  # fmt: skip
    (text,) = verdict.sentences(found)
    assert text.startswith(starts)
    assert text.endswith("parameters, 5 paired seeds, 4 epochs)")
