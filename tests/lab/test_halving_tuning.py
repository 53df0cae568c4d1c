"""The search of several numbers: the same whatever the order, after interruptions, and equal for all arms."""

from __future__ import annotations

import json
import math
import sys
from collections import Counter
from pathlib import Path

import pytest

from sfumato.errors import SfumatoError
from sfumato.lab import halving_tuning, optuna_loading, verdict
from sfumato.lab.experiment import Experiment, load_experiment, trial_of
from sfumato.lab.folder import TRIALS
from sfumato.lab.halving import RUNGS
from sfumato.lab.pending import pending_keys
from sfumato.lab.plan import Plan
from sfumato.lab.trial import Key, identity, key_of
from sfumato.lab.tuning import (
    best_setting,
    borders,
    chosen_setting,
    coming,
    score_table,
    suggestions_to_come,
    wanted_keys,
)
from sfumato.recipe import values
from sfumato.recipe.changes import flat
from tests.lab import tuned
from tests.lab.tuned import RELU, SINE

pytest.importorskip("optuna")

pytestmark = pytest.mark.slow


def numbers(experiment: Experiment) -> dict[Key, float | None]:
    return {key: row["psnr"] for key, row in experiment.rows.items()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    return tuned.run(tuned.plan(), tmp_path_factory.mktemp("whole") / "e")


@pytest.mark.parametrize("order", [1, 2, 3])
def test_the_order_in_which_trials_end_changes_nothing(order: int, whole: Experiment, tmp_path: Path) -> None:
    found = tuned.run(tuned.plan(), tmp_path / "e", order=order)
    assert numbers(found) == numbers(whole)
    assert list(found.rows) != list(whole.rows)


@pytest.mark.parametrize("order", [None, 4])
def test_interrupted_after_any_number_of_trials_it_goes_on_to_the_same_numbers(
    order: int | None, whole: Experiment, tmp_path: Path
) -> None:
    of = tuned.plan()
    done = 0
    # A step of five stops inside and at the end of generations and rungs.
    while len(tuned.run(of, tmp_path / "e", order=order, at_most=5).rows) > done:
        done = len(load_experiment(tmp_path / "e").rows)
    assert done == len(whole.rows)
    assert numbers(load_experiment(tmp_path / "e")) == numbers(whole)
    assert whole.setting(whole.plan.arms[0]) == load_experiment(tmp_path / "e").setting(of.arms[0])


def test_every_arm_has_the_same_trials(whole: Experiment) -> None:
    spent = {
        arm.name: Counter(key.fraction for key in whole.rows if key.arm == arm.name and key.purpose == "tuning")
        for arm in whole.plan.arms
    }
    assert spent["a"] == spent["b"] == Counter({RUNGS[0]: 8 * 3, RUNGS[1]: 2 * 3, RUNGS[2]: 2 * 3})
    # A ReLU network has no omega: it tries as many rates.
    assert not any(key.values for key in whole.rows if key.arm == "b")
    assert all("omega" in dict(key.values) for key in whole.rows if key.arm == "a")


def test_no_tuning_trial_shares_a_seed_with_the_verdict(whole: Experiment) -> None:
    of = {purpose: {key.unit for key in whole.rows if key.purpose == purpose} for purpose in ("tuning", "verdict")}
    assert of["tuning"] == set(whole.plan.tuning_units)
    assert of["tuning"].isdisjoint(of["verdict"])
    seeds = {
        purpose: {trial_of(whole.plan, key).recipe.seed for key in whole.rows if key.purpose == purpose}
        for purpose in of
    }
    assert seeds["tuning"].isdisjoint(seeds["verdict"])


def test_the_chosen_setting_is_the_best_of_the_last_rung_and_near_the_peak(whole: Experiment) -> None:
    plan, rows = whole.plan, whole.rows
    for arm in plan.arms:
        last = [key for key in rows if key.arm == arm.name and key.purpose == "tuning" and key.fraction == 1]
        means = {
            key.setting: math.fsum(rows[other]["psnr"] for other in last if other.setting == key.setting)
            for key in last
        }
        assert chosen_setting(plan, rows, arm) == max(means, key=lambda setting: means[setting])
    sine = whole.setting(plan.arms[0])
    assert 0.5 < sine.rates[0] / 0.004 < 2
    assert 0.4 < dict(sine.values)["omega"] / 17 < 2.5


def test_part_of_the_budget_and_the_values_are_trained(whole: Experiment) -> None:
    key = next(key for key in whole.rows if key.arm == "a" and key.fraction == RUNGS[1])
    trial = trial_of(whole.plan, key)
    whole_budget = whole.plan.arm("a").recipe.budget.epochs
    assert whole_budget is not None
    assert trial.recipe.budget.epochs == pytest.approx(whole_budget / 3)
    of = flat(values(trial.recipe))
    omega = dict(key.values)["omega"]
    # SIREN's initialization has the frequency of its units.
    assert (of["model.activation"], of["model.init"]) == (f"sine(omega={omega})", f"siren(omega={omega})")
    assert of["training.optimizer"].startswith(f"adam(lr={key.rates[0]}")
    assert trial.marks == ()


def test_keys_survive_as_json_and_old_rows_have_the_default(whole: Experiment, tmp_path: Path) -> None:
    several = tuned.run(tuned.plan(tune="omega,lr,batch"), tmp_path / "e", at_most=9)
    for key in (*whole.rows, *several.rows):
        # Whoever sends a key elsewhere may sort the names.
        assert key_of(json.loads(json.dumps(identity(key), sort_keys=True))) == key
    assert any(len(key.values) == 2 for key in several.rows)
    plain = Key("verdict", "a", 0, (0.1,))
    assert set(identity(plain)) == {"purpose", "arm", "picture", "seed", "rates"}
    assert key_of(identity(plain)) == plain


def test_the_plan_survives_as_json(whole: Experiment) -> None:
    again = Plan.of(json.loads(json.dumps(whole.plan.to_values())))
    assert again == whole.plan
    assert again.id == whole.plan.id != tuned.plan(tuning_trials=9).id
    # A search for learning rates alone is stored as it always was.
    assert tuned.plan(tune="lr", tuning_trials=None).to_values()["tuning"] == {"seeds": 3}
    assert tuned.plan(tune="lr", tuning_trials=None).id == tuned.plan(tune=True, tuning_trials=None).id


def test_what_is_to_come_is_known_before(whole: Experiment) -> None:
    plan, rows = whole.plan, whole.rows
    for arm in plan.arms:
        assert len(coming(plan, {}, arm)) == (8 + 2 + 2) * 3
        assert math.fsum(coming(plan, {}, arm)) == pytest.approx(3 * (8 / 9 + 2 / 3 + 2))
        assert coming(plan, rows, arm) == []
        assert suggestions_to_come(plan, {}, arm) == 6
        assert suggestions_to_come(plan, rows, arm) == 0
    some = dict(list(rows.items())[:10])
    assert sum(len(coming(plan, some, arm)) for arm in plan.arms) == 2 * 36 - 10


def test_a_finished_search_is_read_without_optuna(whole: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(_needed_by: str) -> None:
        raise AssertionError("Optuna is not needed to read results")

    halving_tuning.suggested.cache_clear()
    monkeypatch.setattr("sfumato.lab.suggest.load_optuna", absent)
    again = load_experiment(whole.folder.path)
    assert [again.setting(arm) for arm in again.plan.arms] == [whole.setting(arm) for arm in whole.plan.arms]
    assert pending_keys(again.plan, again.rows) == []
    # Nor is an unfinished one, as long as nothing new is suggested.
    some = {key: row for key, row in whole.rows.items() if key.candidate is not None and key.candidate < 3}
    assert chosen_setting(again.plan, some, again.plan.arms[0]) is None
    assert best_setting(again.plan, some, again.plan.arms[0]).values


def test_what_has_been_suggested_is_not_suggested_again(whole: Experiment) -> None:
    """The rows decide about candidates, so that another version of Optuna continues a search that one began."""
    plan, arm = whole.plan, whole.plan.arms[0]
    units = plan.tuning_units
    odd = Key("tuning", "a", units[0][1], (0.0123,), 0, (("omega", 12.3),), RUNGS[0], 1)
    wanted = wanted_keys(plan, {odd: {"status": "failed", "psnr": None}}, arm)
    assert {key.setting for key in wanted if key.candidate == 1} == {odd.setting}
    assert len(wanted) == 2 * 3 - 1


def test_failed_trials_score_below_all_others(tmp_path: Path) -> None:
    found = tuned.run(tuned.plan(), tmp_path / "e", lambda key: None if key.rates[0] > 0.0008 else tuned.peak(key))
    assert all(found.rates(arm)[0] <= 0.0008 for arm in found.plan.arms)
    assert borders(found.plan, found.rows, found.plan.arms[0]) == {}


def test_a_peak_beyond_the_range_is_told(tmp_path: Path) -> None:
    of = tuned.plan(tune="lr=1e-5..1e-4:log,omega")
    found = tuned.run(of, tmp_path / "e")
    assert borders(of, found.rows, of.arms[0])["lr"] == 1


def test_the_interval_includes_the_noise_of_the_choice(whole: Experiment, tmp_path: Path) -> None:
    plan, rows = whole.plan, whole.rows
    table = score_table(plan, rows, plan.arms[0])
    assert len(table) == 8
    best = halving_tuning.candidates(plan, rows, plan.arms[0])
    chosen = next(each for each in best.values() if each.setting == whole.setting(plan.arms[0]) and 2 in each.scores)
    assert max(table, key=sum) == chosen.scores[2]

    def noisy(key: Key) -> float:
        return (tuned.peak(key) or 0.0) + (4.0 * math.sin(1e4 * key.rates[0] * key.seed) if key.seed >= 1e6 else 0.0)

    def width(experiment: Experiment) -> float:
        (one,) = verdict.comparisons(experiment)
        return one.difference.high - one.difference.low

    of = tuned.plan(seeds=5)
    quiet, loud = tuned.run(of, tmp_path / "quiet"), tuned.run(of, tmp_path / "loud", noisy)
    assert width(loud) > 1.5 * width(quiet)


def test_arms_that_are_alike_choose_alike(tmp_path: Path) -> None:
    of = tuned.plan(SINE, {**SINE, "training": {"optimizer": "adam(lr=0.05)"}, "seed": 70})
    found = tuned.run(of, tmp_path / "e")
    assert found.setting(of.arms[0]) == found.setting(of.arms[1])


def test_an_arm_without_the_fields_has_its_own_values_and_no_noise(tmp_path: Path) -> None:
    of = tuned.plan({**SINE, "training": {"optimizer": "adam(lr=0.003)"}}, RELU, tune="omega,eps=1e-9..1e-6:log")
    found = tuned.run(of, tmp_path / "e")
    assert dict(found.setting(of.arms[1]).values).keys() == {"eps"}
    one = tuned.plan(tune="omega", tuning_trials=None)
    found = tuned.run(one, tmp_path / "one")
    assert found.setting(one.arms[1]).values == ()
    assert list(score_table(one, found.rows, one.arms[1])) == [(0.0, 0.0, 0.0)]
    assert {key.purpose for key in found.rows if key.arm == "b"} == {"verdict"}


def test_rates_of_several_ratios_are_all_searched(tmp_path: Path) -> None:
    arms = [
        {**SINE, "training": {"optimizer": text}}
        for text in ("foof(lr=0.3,adam_lr=0.015)", "foof(lr=0.1,adam_lr=0.05)")
    ]
    of = tuned.plan(*arms)
    found = tuned.run(of, tmp_path / "e")
    ratios = {round(key.rates[1] / key.rates[0], 3) for key in found.rows if key.arm == "a"}
    assert ratios == {0.05, 0.5}
    assert found.setting(of.arms[0]) == found.setting(of.arms[1])


def test_optuna_is_required_before_anything_is_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(SfumatoError, match=r"tuning several fields needs Optuna, .*: pip install 'sfumato\[lab\]'"):
        tuned.plan()
    # One number is searched without it.
    assert tuned.plan(tune="omega", tuning_trials=None).tuning is not None
    with pytest.raises(SfumatoError, match="a sweep needs Optuna"):
        optuna_loading.load_optuna("a sweep")


def test_the_folder_has_one_line_per_trial_with_its_identity(whole: Experiment) -> None:
    lines = [json.loads(text) for text in (whole.folder.path / TRIALS).read_text().splitlines()]
    assert len(lines) == len(whole.rows)
    first = lines[0]
    assert {"values", "fraction", "candidate"} <= set(first)
    table = whole.trials()
    assert {"candidate", "fraction", "lr", "omega"} <= set(table.columns)
    assert set(table["fraction"]) == set(RUNGS)
