"""A trial is a training by the recipe, on some pixels, of a copy of the network."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from sfumato import models
from sfumato.errors import RecipeError
from sfumato.recipe import Recipe, changed, preset
from sfumato.training import resolve
from sfumato.training.diagnosis import make_trial, trial_run
from sfumato.training.diagnosis.make_trial import run_trial
from tests.small import picture, trainer

SMALL: dict[str, Any] = {
    "model": {"depth": 2, "width": 12, "init": "gaussian(1)"},
    "training": {"batch": 32, "optimizer": "adam(lr=0.01)", "schedule": "constant"},
    "threads": 1,
    "engine": "autograd",
}


def recipe(changes: dict[str, Any] | None = None) -> Recipe:
    return resolve(changed(changed(Recipe(), SMALL), changes or {}))


@pytest.fixture(autouse=True)
def _time_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    # Steps end the trial, so that its length does not depend on the machine.
    monkeypatch.setattr(trial_run, "SECONDS", 1e6)


@pytest.mark.slow
def test_it_equals_a_training_by_the_trainer() -> None:
    target, whole = picture(20, 16), recipe({"budget": {"steps": 240}, "evaluation": {"interval": "end"}})
    trial = run_trial(whole, target)
    assert trial.steps == trial_run.VISITS * 320 // 32 == 240
    *_, last = trainer(whole, target).snapshots()
    assert last.evaluation is not None
    assert trial.after.mse == pytest.approx(last.evaluation.mse, rel=1e-4)
    assert trial.pixels == 320
    assert trial.planned_steps == 240


@pytest.mark.slow
def test_updates_are_of_one_step_and_moved_of_all_steps() -> None:
    # SGD with full batches and no hidden layers, so that both are easy to compute.
    target = np.array([[[0.1], [0.2]], [[0.3], [0.7]]], np.float32)
    changes = {"model": {"depth": 0}, "training": {"batch": "all", "optimizer": "sgd(lr=0.5)"}, "dtype": "float64"}
    whole = recipe(changes)
    trial = run_trial(whole, target)
    model = models.mlp(whole.model, 1, whole.seed, torch.float64, whole.coordinates)
    (layer,) = model.linear_layers()
    weight, bias = layer.weight.detach().numpy().copy(), layer.bias.detach().numpy().copy()
    inputs, first = models.grid(whole.coordinates, 2, 2), layer.weight.detach().numpy().copy()
    previous = first
    for _ in range(trial.steps):
        errors = inputs @ weight.T + bias - target.reshape(-1, 1)
        previous = weight
        weight, bias = weight - 0.5 * errors.T @ inputs / 4, bias - 0.5 * errors.mean(axis=0)
    assert trial.updates[0] == pytest.approx(np.linalg.norm(weight - previous) / np.linalg.norm(previous), rel=1e-6)
    assert trial.moved[0] == pytest.approx(np.linalg.norm(weight - first) / np.linalg.norm(first), rel=1e-6)


@pytest.mark.parametrize("name", ["replica", "online"])
def test_engines_of_one_sample(name: str) -> None:
    whole = resolve(changed(preset("blog-2012"), {"model": {"depth": 2, "width": 12}, "engine": name, "threads": 1}))
    trial = run_trial(whole, picture(20, 16))
    assert trial.engine == name
    assert trial.steps == trial_run.VISITS * 320
    assert trial.relative_mse < trial.initial_relative_mse


@pytest.mark.slow
def test_full_batches_have_fewer_pixels() -> None:
    trial = run_trial(recipe({"training": {"batch": "all"}}), picture(100, 90))
    assert trial.pixels <= make_trial.FULL_BATCH_PIXELS
    assert trial.steps == trial_run.MIN_STEPS


@pytest.mark.slow
def test_planned_steps_are_those_of_the_budget_on_all_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial_run, "VISITS", 1)
    monkeypatch.setattr(trial_run, "MIN_STEPS", 4)
    target = picture(100, 90)
    trial = run_trial(recipe({"budget": {"epochs": 2}}), target)
    assert trial.pixels <= make_trial.PIXELS
    assert trial.planned_steps == 2 * 282
    assert run_trial(recipe({"budget": {"psnr": 30}}), target).planned_steps is None
    full = run_trial(recipe({"budget": {"seconds": 10}, "training": {"batch": "all"}}), target)
    assert full.planned_steps == pytest.approx(10 * full.steps / (full.seconds * 9000 / full.pixels))


@pytest.mark.slow
def test_a_warm_up_is_used() -> None:
    target = picture(20, 16)
    cold = run_trial(recipe(), target)
    warm = run_trial(recipe({"training": {"schedule": "constant(warmup=0.3)"}}), target)
    assert warm.mses[1] > cold.mses[1]


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x)


@pytest.mark.slow
def test_a_custom_module_is_not_changed() -> None:
    model = Net()
    before = copy.deepcopy(model.state_dict())
    trial = run_trial(recipe({"model": {"module": "nets:Net"}}), picture(20, 16), model)
    assert trial.relative_mse < trial.initial_relative_mse
    assert [layer.name for layer in trial.after.layers] == ["layers.0", "layers.2"]
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    with pytest.raises(RecipeError, match=r"must map \(N, 2\)"):
        run_trial(recipe({"model": {"module": "nets:Net"}}), picture(20, 16)[:, :, :1], model)


@pytest.mark.slow
def test_a_trial_is_reproducible() -> None:
    one, other = (run_trial(recipe(), picture(20, 16)) for _ in range(2))
    assert dataclasses.replace(one, seconds=0, planned_steps=0) == dataclasses.replace(
        other, seconds=0, planned_steps=0
    )
