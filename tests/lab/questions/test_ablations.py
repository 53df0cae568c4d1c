"""The settings undone by ablations, and the verdicts on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sfumato.errors import RecipeError
from sfumato.lab import saturation_report, verdict
from sfumato.lab.executors.threads import Threads
from sfumato.lab.experiment import run_plan
from sfumato.lab.questions import ablation, custom, rprop_sigmoid, six_hints
from sfumato.recipe import Recipe, changed, preset
from sfumato.recipe.changes import difference, flat, values
from tests.lab.small_plan import BASE, pictures, target

SEEDS = (0, 1)
RECIPE = changed(Recipe(), BASE)


def changes_of(recipe: Recipe, base: Recipe) -> dict[str, Any]:
    return flat(difference(values(recipe), values(base)))


def test_each_hint_is_undone_alone_and_together() -> None:
    base = changed(preset("blog-2012"), {"budget": {"epochs": 10}})
    plan = six_hints.plan(base, pictures(), seeds=SEEDS)
    arms = {arm.name: arm for arm in plan.arms}
    assert arms["base"].recipe == base
    for name, field in (
        ("relu", "model.activation"),
        ("init 0.03", "model.init"),
        ("init 3", "model.init"),
        ("rate 0.01", "training.optimizer"),
        ("sequential", "training.sampler"),
        ("sigmoid", "model.output_activation"),
    ):
        assert list(changes_of(arms[name].recipe, base)) == [field]
        assert ("base", name) in plan.comparisons
    # Momentum is compared with its absence at the same batch, one for which an engine supports it.
    assert list(changes_of(arms["momentum"].recipe, arms["pairs"].recipe)) == ["training.optimizer"]
    assert ("pairs", "momentum") in plan.comparisons
    small = arms["small first"]
    assert small.recipe == base
    assert small.first is not None
    assert small.first.max_side == 6
    together = changes_of(arms["all"].recipe, base)
    assert set(together) == {
        "model.activation",
        "model.init",
        "model.output_activation",
        "training.optimizer",
        "training.sampler",
    }
    assert plan.tuning is None


@pytest.mark.slow
def test_a_tiny_ablation_from_end_to_end(tmp_path: Path) -> None:
    plan = ablation.plan(
        RECIPE, pictures(), ["training.sampler=sequential", "model.output_activation=sigmoid"], seeds=tuple(range(5))
    )
    assert [arm.name for arm in plan.arms] == [
        "base",
        "training.sampler=sequential",
        "model.output_activation=sigmoid",
        "all",
    ]
    assert plan.arms[1].instead == "training.sampler=shuffled"
    found = run_plan(plan, target(), tmp_path / "e")
    lines = verdict.sentences(found)
    assert len(lines) == 3
    assert lines[0].startswith("training.sampler=shuffled")
    assert "training.sampler=sequential, 95% CI [" in lines[0]


def test_an_optional_field_can_be_undone_by_none() -> None:
    base = changed(RECIPE, {"budget": {"epochs": 4, "steps": 9}, "picture": {"max_side": 8}})
    plan = ablation.plan(base, pictures(), ["budget.epochs=none;budget.steps=5"], seeds=SEEDS)
    assert (plan.arms[1].recipe.budget.epochs, plan.arms[1].recipe.budget.steps) == (None, 5)
    assert plan.arms[1].instead == "budget.epochs=4.0;budget.steps=9"
    # ``none`` is no value of a required field; for an encoding it is a name.
    with pytest.raises(RecipeError, match="training.batch must be"):
        ablation.plan(base, pictures(), ["training.batch=none"], seeds=SEEDS)
    assert ablation.parsed("model.encoding=none") == {"model": {"encoding": "none"}}
    assert custom.grid(base, [("model.module", ["none"])])["none"].model.module is None


def test_two_values_of_one_field_are_not_undone_together() -> None:
    plan = ablation.plan(RECIPE, pictures(), ["model.width=9", "model.width=10"], seeds=SEEDS)
    assert [arm.name for arm in plan.arms] == ["base", "model.width=9", "model.width=10"]


@pytest.mark.parametrize(
    ("undone", "message"),
    [
        ([], "needs something to undo"),
        (["model.wdth=3"], "must be field=value;field=value"),
        (["model.width"], "must be field=value"),
        (["model.width=0"], "undo model.width=0: model.width must be from 1"),
        (["seed=3"], "must not be the picture or the seed"),
        (["picture.max_side=30"], "must not be the picture or the seed"),
    ],
)
def test_invalid_changes_are_refused(undone: list[str], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        ablation.plan(RECIPE, pictures(), undone, seeds=SEEDS)


def test_affordable_epochs_of_a_picture() -> None:
    assert ablation.affordable_epochs(30 * 43) == 100
    assert 3 <= ablation.affordable_epochs(300 * 429) <= 8


@pytest.mark.slow
def test_the_commenter_s_network_saturates_and_learns_with_a_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rprop_sigmoid, "WIDTHS", (30,))
    monkeypatch.setattr(
        rprop_sigmoid, "CHANGES", ("model.output_activation=linear", "training.optimizer=rprop(lr=0.001, largest=50)")
    )
    base = changed(preset("rprop-sigmoid"), {"budget": {"epochs": 12}, "model": {"depth": 2}})
    plan = rprop_sigmoid.plan(base, pictures(), seeds=tuple(range(5)))
    # Subprocesses, the default for Rprop, have tests of their own.
    found = run_plan(plan, target(), tmp_path / "e", executor=Threads(2))
    lines = saturation_report.sentences(found)
    assert lines[0].startswith("mean-color baseline: ")
    assert any(line.startswith("30 units: ") for line in lines)
    # The epochs of saturation are those in the rows.
    (arm, *_) = plan.arms
    when = saturation_report.saturates_at(found, arm)
    for epoch, row in zip(when, found.results(arm).values(), strict=True):
        first = next((point["epoch"] for point in row["curve"] if point["saturated"] >= 0.25), None)
        assert epoch == first
    assert len(next(iter(found.results(arm).values()))["curve"]) == 12
    # A network that learns as it is needs no change.
    baseline = float(lines[0].split()[2])
    learns = saturation_report.learns(saturation_report.above_baseline(found, arm, {0: baseline}))
    assert ("  it learns without a change" in lines) == learns
