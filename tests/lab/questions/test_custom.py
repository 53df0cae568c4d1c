"""The base recipe of custom arms, and where it is stated."""

from __future__ import annotations

import json

from sfumato.lab.compare import plan_of
from sfumato.lab.plan import Plan
from sfumato.lab.questions import custom
from sfumato.recipe import Recipe, changed
from tests.lab.small_plan import pictures

BASE = changed(changed(Recipe(), custom.DEFAULTS), {"model": {"width": 9}, "picture": {"source": "some.png"}})


def plan(base: Recipe | None) -> Plan:
    arms = {name: changed(BASE, {"model": {"activation": name}}) for name in ("relu", "tanh")}
    return plan_of(arms, pictures(), base, seeds=2, tune=False)


def test_the_plan_s_file_lists_the_defaults_that_differ_from_paint() -> None:
    written = json.loads(json.dumps(plan(BASE).to_values()))
    assert written["defaults"] == {
        "picture.max_side": 160,
        "model.width": 9,
        "training.batch": 256,
        "training.optimizer": "adam(lr=0.003, beta1=0.9, beta2=0.999, eps=1e-08)",
        "budget.epochs": 20,
        "budget.seconds": None,
    }
    assert Plan.of(written) == plan(BASE)


def test_no_defaults_are_listed_where_arms_start_from_the_recipe_of_paint() -> None:
    assert "defaults" not in plan(Recipe()).to_values()


def test_the_id_does_not_depend_on_the_base_recipe() -> None:
    assert plan(BASE).id == plan(None).id
