"""Findings of health checks: no failures for trainings that learn, and the reason for those that cannot."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pytest

import sfumato as sf
from sfumato.recipe import Recipe, changed
from sfumato.training import resolve
from sfumato.training.diagnosis import findings_of, run_trial, trial_run

pytestmark = pytest.mark.slow

SIZE = {"depth": 4, "width": 24}
ADAM = {"optimizer": "adam(lr=0.003)", "batch": 64}
SGD = {"optimizer": "sgd(lr=0.1)", "batch": 64}


@pytest.fixture(autouse=True)
def _time_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial_run, "SECONDS", 1e6)
    monkeypatch.setattr(trial_run, "VISITS", 12)


def checked(recipe: str = "fast", target: np.ndarray | None = None, **changes: Any) -> sf.Diagnosis:
    changes = {"engine": "autograd", "budget": {"epochs": 200}, "threads": 1, **changes}
    changes["model"] = {**SIZE, **changes.get("model", {})}
    return sf.check(waves() if target is None else target, recipe=recipe, **changes)


def waves() -> np.ndarray:
    """Return a picture (40, 30, 3) with shapes that are easy to learn."""
    rows, columns = np.mgrid[0:40, 0:30]
    return np.stack([rows / 40, columns / 30, 0.5 + 0.4 * np.sin(rows / 8)], axis=-1).astype(np.float32)


LEARNING: dict[str, tuple[str, dict[str, Any]]] = {
    "fast": ("fast", {}),
    "blog-2012": ("blog-2012", {"engine": "online", "budget": {"epochs": 500}}),
    "source-2012": ("source-2012", {"engine": "replica", "model": {"depth": 6}, "budget": {"epochs": 500}}),
    "siren": ("fast", {"model": {"activation": "sine(30)", "init": "siren(30)"}, "training": ADAM}),
    "gaussian": ("fast", {"model": {"activation": "gaussian"}, "training": ADAM}),
    "tanh": ("fast", {"model": {"activation": "tanh", "init": "glorot"}, "training": ADAM}),
    "fourier": ("fast", {"model": {"encoding": "fourier(sigma=2, features=32)"}, "training": ADAM}),
    "one layer": ("fast", {"model": {"depth": 1}}),
    "eight layers": ("fast", {"model": {"depth": 8}}),
    "sigmoid output": ("fast", {"model": {"output_activation": "sigmoid"}, "training": ADAM}),
}


@pytest.mark.parametrize("case", LEARNING)
def test_a_training_that_learns_is_ok(case: str) -> None:
    recipe, changes = LEARNING[case]
    found = checked(recipe, **changes)
    assert found.works, found.summary()
    assert found.verdict == "ok", found.summary()


FAILING: dict[str, tuple[dict[str, Any], str, str]] = {
    "huge rate": ({"training": {"optimizer": "sgd(lr=1000)", "batch": 64}}, "diverges", "--training.optimizer sgd"),
    "large rate": (
        {"training": {"optimizer": "adam(lr=10)", "batch": 64}},
        "MSE grew",
        "--training.optimizer adam.",
    ),
    "tiny rate": (
        {"training": {"optimizer": "sgd(lr=1e-12)", "batch": 64}},
        "Updates are negligible",
        "--training.optimizer sgd",
    ),
    "tiny weights": (
        {"model": {"activation": "relu", "init": "gaussian(scale=0.001)"}, "training": SGD},
        "lost in rounding",
        "--model.init random_hyperplanes",
    ),
    "no weights": (
        {"model": {"init": "gaussian(scale=1e-30)"}, "training": SGD},
        "signal vanishes",
        "--model.init random_hyperplanes",
    ),
    "huge weights": (
        {"model": {"activation": "relu", "init": "gaussian(scale=30)"}, "training": SGD},
        "no longer finite",
        "--training.optimizer",
    ),
    "vanishing": (
        {"model": {"depth": 8, "activation": "sigmoid", "init": "gaussian(scale=0.01)"}, "training": SGD},
        "lost in rounding",
        "--model.init glorot",
    ),
    "saturated": (
        {"model": {"output_activation": "sigmoid"}, "training": {"optimizer": "adam(lr=10)", "batch": 64}},
        "The outputs saturate",
        "--model.output_activation linear",
    ),
}


@pytest.mark.parametrize("case", FAILING)
def test_a_training_that_cannot_work_is_an_error_with_its_reason(case: str) -> None:
    changes, reason, change = FAILING[case]
    found = checked(**changes)
    assert not found.works, found.summary()
    (finding,) = found.findings
    assert reason in finding.text
    assert change in finding.change


def test_rprop_and_sigmoid_of_2012(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial_run, "MIN_STEPS", 16)
    found = sf.check({"source": "cat", "max_side": 48}, recipe="rprop-sigmoid")
    assert not found.works, found.summary()
    assert "The outputs saturate" in found.summary()
    assert "stuck at" in found.summary()
    assert '--training.batch 1 --training.optimizer "sgd(fan_in_scaling=true)"' in found.summary()
    assert checked("fast").works


def test_a_picture_of_one_color_has_nothing_to_learn() -> None:
    found = checked(target=np.full((20, 16, 3), 0.3, np.float32))
    assert found.works
    assert "a single color" in found.summary()


def test_without_biases() -> None:
    found = checked(target=0.9 + 0.1 * waves(), model={"biases": False}, training=ADAM, budget={"steps": 300})
    assert found.verdict == "warning", found.summary()
    assert "--model.biases true" in found.summary()


def test_a_slow_start_is_no_error_if_the_budget_is_long() -> None:
    slow = {
        "model": {"activation": "sigmoid", "init": "glorot"},
        "training": {"optimizer": "sgd(lr=0.01)", "batch": 64},
    }
    assert checked(**slow, budget={"epochs": 5000}).verdict != "error"
    short = checked(**slow, budget={"epochs": 15})
    assert short.verdict == "warning"
    assert "Increase the budget" in short.summary()


def test_negligible_updates_of_the_first_layer_on_a_plateau_are_not_ok() -> None:
    deep = checked(model={"depth": 8, "activation": "sigmoid", "init": "glorot"}, training=SGD, budget={"epochs": 500})
    assert deep.verdict != "ok", deep.summary()
    assert "--model.activation leaky_relu" in deep.summary()
    # The recipe already has this initialization.
    assert "--model.init glorot" not in deep.summary()


def test_as_json() -> None:
    data = json.loads(
        json.dumps(checked(training={"optimizer": "sgd(lr=1000)", "batch": 64}).as_json(), allow_nan=False)
    )
    assert data["verdict"] == "error"
    assert data["findings"][0]["severity"] == "error"
    assert data["errors"][-1] is None
    assert len(data["updates"]) == len(data["before"]["layers"]["name"]) == 5


def test_a_dead_layer() -> None:
    whole = changed(Recipe(), {"model": {**SIZE, "activation": "relu"}, "training": SGD, "threads": 1})
    trial = run_trial(resolve(changed(whole, {"engine": "autograd"})), waves())
    layers = [dataclasses.replace(layer, dead=float(number == 1)) for number, layer in enumerate(trial.after.layers)]
    after = dataclasses.replace(trial.after, layers=tuple(layers), mse=trial.after.mean_color_mse)
    dead = dataclasses.replace(trial, after=after, mses=(after.mse,) * 12)
    (finding,) = findings_of(dead, whole)
    assert finding.severity == "error"
    assert f"All 24 units of layers.1 are dead after {trial.steps:,} steps" in finding.text
    # For a network that has learned anyway, it is only a warning.
    learned = dataclasses.replace(dead, after=dataclasses.replace(after, mse=0.5 * after.mean_color_mse))
    assert [each.severity for each in findings_of(learned, whole)] == ["warning", "ok"]
