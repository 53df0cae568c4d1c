"""The trial with held-out pixels, on a patch of neighboring pixels."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from sfumato import models
from sfumato.recipe import Recipe, changed
from sfumato.training import resolve
from sfumato.training.diagnosis import findings_of, run_trial, trial_run
from sfumato.training.diagnosis.make_trial import run_held_out_trial
from sfumato.training.diagnosis.trial import HeldOutTrial

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
    y, x = np.mgrid[0:rows, 0:columns]
    return np.stack([0.5 + 0.4 * np.sin(y / 8), x / columns, y / rows], axis=-1).astype(np.float32)


def held_out_trial(target: np.ndarray, **changes: Any) -> HeldOutTrial | None:
    recipe = resolve(changed(changed(Recipe(), SMALL), changes))
    return run_held_out_trial(recipe, target, models.build(recipe.model, target.shape[2], recipe.seed))


@pytest.mark.slow
def test_a_smooth_network_does_not_memorize() -> None:
    smooth = held_out_trial(waves(48, 40))
    assert smooth is not None
    assert smooth.held_out < 0.5
    assert not smooth.memorizes


@pytest.mark.slow
def test_a_network_that_varies_from_pixel_to_pixel_memorizes() -> None:
    noisy = held_out_trial(waves(48, 40), model={"encoding": "fourier(sigma=100, features=256)"})
    assert noisy is not None
    assert noisy.memorizes, noisy


def test_nothing_held_out() -> None:
    assert held_out_trial(waves(20, 16), data={"split": 0.0}) is None
    # The fraction rounds to no pixel of the patch.
    assert held_out_trial(waves(20, 16), data={"split": 0.001}) is None


@pytest.mark.slow
def test_it_is_a_warning_with_a_smoother_suggestion() -> None:
    whole = resolve(changed(Recipe(), {**SMALL, "model": {**SMALL["model"], "encoding": "fourier(sigma=100)"}}))
    trial = run_trial(whole, waves(20, 16))
    found = findings_of(dataclasses.replace(trial, held_out=HeldOutTrial(64, 64, 0.4, 1.3)), whole)
    text = " ".join(map(str, found))
    assert "The network memorizes pixels instead of learning shapes: on a patch of 64 x 64 pixels" in text
    assert "Try --model.encoding fourier, or --data.split" in text
    assert "memorizes" not in " ".join(
        map(str, findings_of(dataclasses.replace(trial, held_out=HeldOutTrial(64, 64, 0.99, 1.3)), whole))
    )
