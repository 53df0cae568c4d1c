"""What a network makes of pixels that it is not shown, on a patch that lies as close together as the run's."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from sfumato import models
from sfumato.recipe import Recipe, changed
from sfumato.training import resolve
from sfumato.training.diagnosis import concluded, run_trial, trial_run
from sfumato.training.diagnosis.holding_out import unseen
from sfumato.training.diagnosis.trial import Unseen

SMALL: dict[str, Any] = {
    "model": {"depth": 2, "width": 32},
    "training": {"batch": 64, "optimizer": "adam(lr=0.01)", "schedule": "constant"},
    "data": {"split": 0.3},
    "engine": "autograd",
    "threads": 1,
}


@pytest.fixture(autouse=True)
def _time_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial_run, "SECONDS", 1e6)
    monkeypatch.setattr(trial_run, "VISITS", 12)


def waves(rows: int, columns: int) -> np.ndarray:
    down, across = np.mgrid[0:rows, 0:columns]
    return np.stack([0.5 + 0.4 * np.sin(down / 8), across / columns, down / rows], axis=-1).astype(np.float32)


def found(target: np.ndarray, **changes: Any) -> Unseen | None:
    recipe = resolve(changed(changed(Recipe(), SMALL), changes))
    return unseen(recipe, target, models.build(recipe.model, target.shape[2], recipe.seed))


def test_smooth_answers_are_no_memory() -> None:
    smooth = found(waves(48, 40))
    assert smooth is not None
    assert smooth.held_out < 0.5
    assert not smooth.memorizes


def test_answers_that_vary_from_pixel_to_pixel_are() -> None:
    noisy = found(waves(48, 40), model={"encoding": "fourier(sigma=100, features=256)"})
    assert noisy is not None
    assert noisy.memorizes, noisy


def test_nothing_held_out() -> None:
    assert found(waves(20, 16), data={"split": 0.0}) is None
    # Of the patch, none.
    assert found(waves(20, 16), data={"split": 0.002}) is None


def test_it_is_a_remark_with_what_answers_more_smoothly() -> None:
    whole = resolve(changed(Recipe(), {**SMALL, "model": {**SMALL["model"], "encoding": "fourier(sigma=100)"}}))
    trial = run_trial(whole, waves(20, 16))
    said = concluded(dataclasses.replace(trial, unseen=Unseen(64, 64, 0.4, 1.3)), whole)
    text = " ".join(map(str, said))
    assert "It remembers pixels rather than shapes: on 64 x 64 of them" in text
    assert "Try --model.encoding fourier, or --data.split" in text
    assert "remembers" not in " ".join(
        map(str, concluded(dataclasses.replace(trial, unseen=Unseen(64, 64, 0.99, 1.3)), whole))
    )
