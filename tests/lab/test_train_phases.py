"""A small picture first, within the same number of samples."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sfumato.errors import RecipeError
from sfumato.lab.experiment import marks, run_plan
from sfumato.lab.plan import First, Plan, checked
from sfumato.lab.train import phases, shrunk, train
from sfumato.lab.trial import Key, Trial
from sfumato.recipe import Recipe, changed
from tests.lab.small_plan import BASE, small_plan, target

RECIPE = changed(Recipe(), BASE)


def test_all_samples_together_are_those_of_the_budget() -> None:
    early, late = phases(RECIPE, *target(), marks(4), First(6, 0.25))
    assert early.picture.shape == (6, 5, 3)
    samples = [
        (phase.recipe.budget.epochs or 0) * phase.picture.shape[0] * phase.picture.shape[1] for phase in (early, late)
    ]
    assert samples == pytest.approx([0.25 * 4 * 120, 0.75 * 4 * 120])
    assert late.marks[-1] == 1
    assert len(early.marks) + len(late.marks) == len(marks(4))
    (alone,) = phases(RECIPE, *target(), marks(4), None)
    assert alone.recipe == RECIPE
    assert alone.marks == marks(4)


def test_a_shrunken_picture_is_the_mean_of_its_pixels() -> None:
    flat = np.full((12, 10, 3), 0.25, np.float32)
    assert np.allclose(shrunk(flat, 6), 0.25)
    assert shrunk(*target(), 6).mean() == pytest.approx(target()[0].mean(), abs=0.05)


def test_the_second_phase_continues_the_first() -> None:
    key = Key("verdict", "a", 0, (0.003,))
    recipe = RECIPE.model_copy(update={"threads": 1})
    found = train(Trial(key, recipe, marks(4), None, First(6, 0.25)), *target())
    # A second phase without any budget leaves the weights of the first, trained on the small picture alone.
    first = phases(recipe, *target(), (), First(6, 0.25))[0]
    alone = train(Trial(key, first.recipe, (), None), first.picture)
    # At its end the schedule's rate is 0.
    assert found.row["samples"] == pytest.approx(4 * 120, abs=3 * 16)
    assert found.row["epoch"] == found.row["samples"] / 120
    assert [point["samples"] for point in found.row["curve"]] == sorted(
        point["samples"] for point in found.row["curve"]
    )
    assert found.row["curve"][-1]["psnr"] == found.row["psnr"]
    whole = train(Trial(key, recipe, marks(4), None), *target())
    assert found.row["psnr"] != whole.row["psnr"]
    assert not all(np.array_equal(found.weights[name], alone.weights[name]) for name in alone.weights)


@pytest.mark.slow
def test_a_plan_with_a_first_picture_survives_its_file_and_trains(tmp_path: Path) -> None:
    plan = small_plan({}, {})
    plan = replace(plan, arms=(plan.arms[0], replace(plan.arms[1], first=First(6, 0.25))))
    assert Plan.of(plan.to_values()) == plan
    found = run_plan(plan, target(), tmp_path / "e")
    a, b = (found.scores(arm) for arm in plan.arms)
    assert a.keys() == b.keys() == {(0, 0), (0, 1)}
    assert a != b


def test_phases_need_a_budget_in_epochs() -> None:
    plan = small_plan({"budget": {"steps": 9}}, {"budget": {"steps": 9}})
    with pytest.raises(RecipeError, match=r"budget.epochs must be given, to be divided into phases"):
        checked(replace(plan, arms=(plan.arms[0], replace(plan.arms[1], first=First(6, 0.25)))))
