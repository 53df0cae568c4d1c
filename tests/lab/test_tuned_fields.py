"""Names of tuned numbers: what they stand for in each arm, their ranges, and what is refused."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sfumato.errors import RecipeError
from sfumato.lab import tuned_fields
from sfumato.lab.experiment import trial_of
from sfumato.lab.pending import pending_keys
from sfumato.lab.ranges import Range
from sfumato.lab.rates import values_of
from sfumato.lab.setting import Setting
from sfumato.lab.tuned_fields import with_setting
from sfumato.lab.tuning_options import tuning_of
from sfumato.recipe import Recipe, changed
from tests.lab import tuned
from tests.lab.small_plan import small_plan
from tests.lab.tuned import RELU, SINE

FOURIER = {"model": {"activation": "relu", "init": "gaussian(0.3)", "encoding": "fourier(sigma=10, features=32)"}}


def resolved(asked: str, *arms: dict[str, Any]) -> dict[str, dict[str, tuple[tuple[str, ...], float, float]]]:
    recipes = {chr(ord("a") + number): changed(Recipe(), each) for number, each in enumerate(arms)}
    found = tuned_fields.resolved(asked.split(","), recipes)
    return {arm: {each.name: (each.paths, each.range.low, each.range.high) for each in of} for arm, of in found.items()}


def test_a_name_stands_for_the_one_number_of_each_arm() -> None:
    arms = [{**each, "training": {"optimizer": "adam"}} for each in (SINE, FOURIER)]
    found = resolved("lr,omega,sigma,scale,batch", *arms)
    rate, batch = ((), 3.16e-05, 0.0316), (("training.batch",), 64, 4096)
    # The frequency of sine units is that of their initialization, too.
    omega = (("model.activation.omega", "model.init.omega"), 3.75, 240.0)
    assert found["a"] == {"lr": rate, "omega": omega, "batch": batch}
    sigma = (("model.encoding.sigma",), 1.25, 80.0)
    assert found["b"] == {"lr": rate, "sigma": sigma, "scale": (("model.init.scale",), 0.0375, 2.4), "batch": batch}


def test_a_number_in_full_or_with_a_range_of_its_own() -> None:
    found = resolved("training.batch=16..64,model.init.scale=0.1..2:log", FOURIER)["a"]
    assert found["training.batch"] == (("training.batch",), 16, 64)
    assert found["model.init.scale"] == (("model.init.scale",), 0.1, 2.0)
    one = {"model": {**SINE["model"], "init": "siren(20)"}}
    assert resolved("model.init.omega", one)["a"] == {"model.init.omega": (("model.init.omega",), 3.75, 240.0)}


def test_what_an_arm_states_is_in_the_range_of_every_arm_of_its_kind() -> None:
    wide = {"model": {"activation": "sine(300)", "init": "siren(300)"}}
    found = resolved("omega", SINE, wide)
    assert found["a"] == found["b"] == {"omega": (("model.activation.omega", "model.init.omega"), 3.75, 600.0)}


def test_the_hint_for_an_unknown_name_lists_only_what_can_be_tuned() -> None:
    with pytest.raises(RecipeError) as caught:
        resolved("zzz", FOURIER)
    listed = str(caught.value).partition("the arms have ")[2].removesuffix(".").split(", ")
    assert listed[0] == "lr"
    assert {"sigma", "scale", "batch"} <= set(listed)
    assert not {"width", "depth", "features"} & set(listed)


def test_a_parameter_without_a_default_is_tuned_around_the_stated_one() -> None:
    found = resolved("first_omega,model.activation.omega", {"model": {"activation": "sine(30, first_omega=16)"}})["a"]
    assert found["first_omega"] == (("model.activation.first_omega",), 2, 128)
    assert found["model.activation.omega"] == (("model.activation.omega",), 3.75, 240)


def test_a_rate_s_range_belongs_to_the_optimizer() -> None:
    found = [resolved("lr", {"training": {"optimizer": each}})["a"]["lr"] for each in ("adam(lr=0.5)", "adam", "sgd")]
    assert found[0] == found[1] == ((), 3.16e-05, 0.0316)
    assert found[2] == ((), 0.00316, 3.16)


@pytest.mark.parametrize(
    ("asked", "arms", "message"),
    [
        ("omga", [SINE], "tune must name numbers of a model or a training that an arm.*Got omga; did you mean omega?"),
        ("omega", [RELU, FOURIER], "Got omega; .*"),
        ("budget.epochs", [RELU], "Got budget.epochs; "),
        ("seed", [RELU], "Got seed; "),
        ("depth", [{"model": {"width": (8, 8)}}], "Got depth; "),
        ("omega", [{"model": {"activation": "sine,relu,relu,relu"}}], "Got omega; "),
        ("first_omega", [{"model": {"activation": "sine"}}], "Got first_omega; "),
        ("omega", [{"model": {**SINE["model"], "module": "nets:Net"}}], "Got omega; "),
        ("omega", [{"model": {"activation": "sine(30)", "init": "siren(20)"}}], "Got omega, which is "
         "model.activation.omega and model.init.omega in arm a; write the one that is meant in full"),
        ("lr,lr", [RELU], "tune must name every field once. Got lr twice"),
        ("batch,training.batch", [RELU], "Got training.batch of arm a by two names"),
        ("width", [RELU], "tune must not change the size of a network. Got width of arm a; make its values arms"),
        ("features=8..64", [FOURIER], "tune must not change the size of a network. Got features of arm a"),
        ("beta1", [{"training": {"optimizer": "adam"}}], "tune=beta1 must be given with a range"),
        ("momentum", [{"training": {"optimizer": "sgd"}}], "write momentum=low..high"),
        ("beta1=0.5..1", [{"training": {"optimizer": "adam"}}], "tune=beta1: arm a: .*less than 1"),
        ("batch=0.5..9", [RELU], "tune=batch must have a range of whole numbers. Got 0.5..9"),
        ("omega=9..5", [SINE], "tune=omega must have ranges low..high with low below high. Got 9..5"),
        ("lr=-1..1", [SINE], "tune=lr must have a range of at least 0. Got -1..1"),
        ("omega=30", [SINE], "tune must have fields such as lr, omega or omega=5..120:log. Got 'omega=30'"),
    ],
)  # fmt: skip
def test_what_cannot_be_tuned_is_refused_in_one_line(asked: str, arms: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(RecipeError, match=message) as refused:
        resolved(asked, *arms)
    assert "\n" not in str(refused.value)


def test_a_learning_rate_alone_is_trained_at_the_values_of_its_range() -> None:
    plan = small_plan({}, {"model": {"width": 9}}, tune="lr=0.001..0.1:log", tuning_seeds=2)
    keys = [key for key in pending_keys(plan, {}) if key.arm == "a" and key.seed == plan.tuning_units[0][1]]
    # At a quarter, the middle and three quarters of the range.
    assert [values_of(trial_of(plan, key).recipe.training.optimizer) for key in keys] == [
        (0.00316,),
        (0.01,),
        (0.0316,),
    ]


def test_batch_is_not_tuned_where_steps_count() -> None:
    with pytest.raises(RecipeError, match=r"tune must not have training\.batch where a budget counts steps"):
        small_plan({"budget": {"steps": 4}}, {"model": {"width": 9}, "budget": {"steps": 4}}, tune="lr,batch")


def test_a_setting_changes_its_numbers_and_nothing_else() -> None:
    plan = tuned.plan(SINE, FOURIER, tune="lr,omega,sigma,batch")
    recipe = plan.arm("a").recipe
    found = with_setting(recipe, plan.tuned_fields("a"), Setting((0.01,), (("omega", 12.5), ("batch", 128.0))))
    assert str(found.model.activation) == "sine(omega=12.5)"
    assert str(found.model.init) == "siren(omega=12.5)"
    assert (found.training.batch, str(found.training.optimizer).partition(",")[0]) == (128, "adam(lr=0.01")
    back = with_setting(found, plan.tuned_fields("a"), Setting((0.003,), (("omega", 30.0), ("batch", 16.0))))
    assert back == recipe


@pytest.mark.parametrize("tune", ["lr", ["lr"], {"lr": None}, True, None])
def test_the_learning_rate_alone_is_searched_as_ever(tune: Any) -> None:
    assert tuning_of(tune) == tuning_of(True)
    assert tuning_of(False) is None
    assert tuning_of("lr, omega=5..9") == tuning_of(["lr", "omega=5..9"]) == tuning_of({"lr": None, "omega": "5..9"})


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"tune": ""}, "tune must have fields such as lr or lr,omega. Got ''"),
        ({"tune": "lr,omega", "trials": 3}, "tuning trials must be 4 to 200. Got 3"),
        ({"tune": True, "trials": 9}, "tuning trials are for tuning several fields, such as lr,omega. Got 9"),
        ({"tune": "lr,omega", "seeds": 1}, "tuning seeds must be 2 to 1000"),
    ],
)
def test_wrong_options_are_refused(how: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=re.escape(message)):
        tuning_of(**how)


def test_places_in_ranges() -> None:
    log = Range("omega", 5.0, 120.0, whole=False, log=True)
    assert [log.at(share) for share in (0, 0.5, 1)] == [5.0, 24.5, 120.0]
    assert log.place(log.at(0.25)) == pytest.approx(0.25, abs=1e-3)
    whole = Range("batch", 16, 64, whole=True, log=False)
    assert [whole.at(share) for share in (0, 0.5, 1)] == [16, 40, 64]
    assert isinstance(whole.at(0.3), int)
    assert whole.place(40) == 0.5
    # Rounding does not leave the range.
    narrow = Range("x", 0.0012345, 0.0012349, whole=False, log=False)
    assert narrow.low <= narrow.at(1) <= narrow.high
