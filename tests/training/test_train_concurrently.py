"""Concurrent trainings compared with each one alone."""

from __future__ import annotations

import gc
import itertools
import threading
import weakref
from typing import Any

import numpy as np
import pytest

from sfumato.errors import EngineError
from sfumato.recipe import Recipe, changed
from sfumato.training import PictureSnapshot, resolve, train_concurrently, trainers
from tests.small import SMALL, picture, trainer

BASE = changed(changed(Recipe(), SMALL), {"budget": {"epochs": 5}, "engine": "auto"})
VARIED: list[dict[str, Any]] = [
    {"seed": 1},
    {"seed": 2, "training": {"optimizer": "sgd(lr=0.05)"}, "budget": {"steps": 7}},
    {"seed": 3, "training": {"schedule": "cosine(warmup=0.1)", "sampler": "replacement"}},
    {"seed": 4, "training": {"batch": 9}, "data": {"split": 0.25}, "budget": {"epochs": 2.5}},
    {"seed": 5, "evaluation": {"interval": "end"}, "training": {"loss": "huber(0.1)"}, "budget": {"steps": 0}},
    {"seed": 6, "model": {"init": "gaussian(2)", "width": (5, 17, 30)}, "budget": {"psnr": 6, "epochs": 50}},
]
RECIPES = [changed(BASE, changes) for changes in VARIED]
DIVERGING = changed(BASE, {"training": {"optimizer": "sgd(lr=1e6)"}, "model": {"activation": "relu"}})


def last_of_each(recipes: list[Recipe], threads: int) -> dict[int, PictureSnapshot]:
    """Return the last snapshot of each network; check that the snapshots come in order."""
    last: dict[int, PictureSnapshot] = {}
    for index, snapshot in train_concurrently(trainers(recipes, picture()), threads):
        assert index not in last or (last[index].ended is None and last[index].step < snapshot.step)
        last[index] = snapshot
    return last


def assert_as_alone(last: dict[int, PictureSnapshot], recipes: list[Recipe]) -> None:
    for index, recipe in enumerate(recipes):
        *_, alone = trainer(resolve(changed(recipe, {"engine": "fused", "threads": 1})), picture()).snapshots()
        many = last[index]
        assert (many.ended, many.step, many.samples, many.learning_rate) == (
            (alone.ended, alone.step, alone.samples, alone.learning_rate)
        )
        for name, value in alone.weights().items():
            np.testing.assert_array_equal(many.weights()[name], value)
        np.testing.assert_array_equal(many.painting(), alone.painting())
        assert many.evaluation is not None
        assert alone.evaluation is not None
        assert many.evaluation.psnr_held_out == alone.evaluation.psnr_held_out


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_each_has_the_same_bits_as_alone(threads: int) -> None:
    last = last_of_each(RECIPES, threads)
    assert [last[index].ended for index in range(len(RECIPES))] == [
        "epochs",
        "steps",
        "epochs",
        "epochs",
        "steps",
        "psnr",
    ]
    assert_as_alone(last, RECIPES)


def test_the_comparison_detects_another_network() -> None:
    last = last_of_each(RECIPES[:2], 2)
    with pytest.raises(AssertionError):
        assert_as_alone(last, [RECIPES[0], changed(RECIPES[1], {"training": {"optimizer": "sgd(lr=0.0501)"}})])


@pytest.mark.slow
def test_one_that_diverges_does_not_stop_the_others() -> None:
    recipes = [RECIPES[0], DIVERGING, RECIPES[2]]
    last = last_of_each(recipes, 2)
    assert last[1].ended == "diverged"
    assert last[1].reason is not None
    assert_as_alone({0: last[0], 1: last[2]}, [RECIPES[0], RECIPES[2]])


def test_stopping_one_does_not_stop_the_others() -> None:
    endless = changed(BASE, {"budget": {"epochs": 10**6}})
    calls = itertools.count()
    training = train_concurrently(
        trainers([RECIPES[0], endless], picture()), 2, lambda index: index == 1 and next(calls) > 3
    )
    last = dict(training)
    assert last[1].ended == "stopped"
    assert last[1].evaluation is not None
    assert_as_alone(last, RECIPES[:1])


def test_closing_ends_all_threads() -> None:
    endless = [changed(BASE, {"budget": {"epochs": 10**6}, "seed": seed}) for seed in range(4)]
    training = train_concurrently(trainers(endless, picture()), 3)
    for _ in range(9):
        next(training)
    assert any("sfumato-concurrent" in thread.name for thread in threading.enumerate())
    training.close()
    assert not any("sfumato-concurrent" in thread.name for thread in threading.enumerate())


@pytest.mark.slow
def test_a_network_pauses_while_its_snapshot_is_used() -> None:
    endless = [changed(BASE, {"budget": {"epochs": 10**6}, "seed": seed}) for seed in range(3)]
    training = train_concurrently(trainers(endless, picture()), 2)
    for _, snapshot in itertools.islice(training, 30):
        before = snapshot.weights()
        again = snapshot.weights()
        assert int(snapshot.state()["step"]) == snapshot.step
        assert all(np.array_equal(before[name], again[name]) for name in before)
    training.close()


@pytest.mark.slow
def test_the_last_painting_of_one_that_ended_is_freed() -> None:
    recipes = [changed(BASE, {"budget": {"steps": steps}}) for steps in (3, 10**6)]
    training = train_concurrently(trainers(recipes, picture()), 2)
    last = next(snapshot for _, snapshot in training if snapshot.ended is not None)
    painting = weakref.ref(last.painting())
    next(training)
    assert painting() is not None
    del last
    gc.collect()
    assert painting() is None
    training.close()


def test_an_error_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    all_trainers = trainers(RECIPES[:3], picture())
    monkeypatch.setattr(all_trainers[1], "_evaluate", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        list(train_concurrently(all_trainers, 2))
    assert not any("sfumato-concurrent" in thread.name for thread in threading.enumerate())


def test_pictures_and_pixels_are_stored_once() -> None:
    one, two, other = trainers([RECIPES[0], RECIPES[1], RECIPES[3]], picture())
    first, second, third = (vars(each.problem)["exact"] for each in (one, two, other))
    assert first is second
    assert first is third
    assert vars(one._engine)["_targets"] is vars(two._engine)["_targets"]
    # Some of its pixels are held out.
    assert vars(one._engine)["_targets"] is not vars(other._engine)["_targets"]


def test_an_unsupported_recipe_is_named_with_every_reason() -> None:
    wrong = changed(BASE, {"engine": "autograd", "dtype": "float64", "training": {"batch": 1, "optimizer": "lbfgs"}})
    with pytest.raises(EngineError) as caught:
        trainers([BASE, wrong], picture())
    assert str(caught.value).startswith(
        "recipe 1 cannot be trained beside others: engine must be auto, fused, concurrent. Got autograd. "
        "training.batch must be 2 or more. Got 1. training.optimizer must be"
    )
    assert "dtype must be float32" in str(caught.value)


def test_the_engine_is_concurrent() -> None:
    recipes = [changed(BASE, {"engine": engine, "threads": 2}) for engine in ("auto", "fused", "concurrent")]
    assert [(each.recipe.engine, each.recipe.threads) for each in trainers(recipes, picture())] == [
        ("concurrent", 1)
    ] * 3
