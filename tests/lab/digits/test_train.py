"""Training on digits against float64 autograd written out here, and the meaning of a trial's numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from sfumato.lab.digits.data import Digits, Part
from sfumato.lab.digits.problem import build
from sfumato.lab.digits.train import train
from sfumato.lab.trial import InterruptedTrialError, Key, Outcome, Trial
from sfumato.recipe import Recipe, changed
from sfumato.rng import rng_for
from tests.lab.digits import made

BASE: dict[str, Any] = {
    "model": {"depth": 2, "width": 12, "init": "he"},
    "training": {"batch": 16, "optimizer": "sgd(lr=0.05)", "schedule": "constant"},
    "budget": {"epochs": 4},
    "threads": 1,
    "seed": 3,
}


def trained(digits: Digits, purpose: Any = "verdict", marks: tuple[float, ...] = (1.0,), **changes: Any) -> Outcome:
    recipe = changed(changed(Recipe(), BASE), changes)
    return train(Trial(Key(purpose, "a", 3, (1.0,)), recipe, marks, None), digits, lambda: False)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("engine", "training"), [("fused", {}), ("autograd", {}), ("online", {"batch": 1, "optimizer": "sgd(lr=0.01)"})]
)
@pytest.mark.parametrize("encoding", ["none", "fourier(sigma=0.3, features=20)"])
def test_the_weights_are_those_of_float64_autograd(engine: str, training: dict[str, Any], encoding: str) -> None:
    digits = made.digits()
    model = {"encoding": encoding}
    outcome = trained(digits, engine=engine, training=training, model=model)
    reference = {"dtype": "float64", "engine": "autograd", "training": training, "model": model}
    recipe = changed(changed(Recipe(), BASE), reference)
    network = build(recipe, 64, 10)
    inputs = torch.from_numpy(digits.training.inputs.astype(np.float64))
    targets = torch.from_numpy(np.eye(10)[digits.training.labels])
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01 if training else 0.05)
    for epoch in range(4):
        for batch in torch.from_numpy(rng_for(3, f"order/{epoch}").permutation(80)).split(1 if training else 16):
            optimizer.zero_grad()
            errors = network(inputs[batch]) - targets[batch]
            # Half the squared error, summed over outputs and averaged over samples.
            (0.5 * (errors**2).sum(dim=1).mean()).backward()
            optimizer.step()
    for name, wanted in network.state_dict().items():
        assert np.abs(outcome.weights[name] - wanted.numpy()).max() < 2e-5, name
    assert outcome.row["status"] == "finished"


def test_accuracy_and_error_are_those_of_the_last_weights_on_the_test_digits() -> None:
    digits = made.digits()
    outcome = trained(digits, marks=(0.25, 1.0))
    x = digits.test.inputs.astype(np.float64)
    for layer in range(3):
        x = x @ outcome.weights[f"layers.{layer}.weight"].T + outcome.weights[f"layers.{layer}.bias"]
        if layer < 2:
            x = np.where(x > 0, x, 0.01 * x)
    right = sum(int(np.argmax(outputs)) == label for outputs, label in zip(x, digits.test.labels, strict=True))
    assert outcome.row["accuracy"] == pytest.approx(100 * right / 40)
    assert outcome.row["mse"] == pytest.approx(float(((x - digits.test.targets) ** 2).mean()), rel=1e-4)
    assert [point["epoch"] for point in outcome.row["curve"]] == [1, 4]
    assert outcome.row["samples"] == 320
    assert 10 < outcome.row["accuracy"] <= 100


def test_the_test_digits_do_not_affect_training() -> None:
    digits = made.digits()
    other = Digits("made", digits.training, made.part(40, 9))
    a, b = trained(digits), trained(other)
    assert all(np.array_equal(a.weights[name], b.weights[name]) for name in a.weights)
    assert a.row["mse"] != b.row["mse"]
    # They do not affect the choice of a learning rate either.
    assert trained(digits, "tuning").row["mse"] == trained(other, "tuning").row["mse"]


def test_networks_agree_where_their_shapes_do() -> None:
    recipe = changed(Recipe(), {**BASE, "dtype": "float32", "engine": "fused"})
    two = build(recipe, 64, 10).state_dict()
    three = build(changed(recipe, {"model": {"depth": 3}}), 64, 10).state_dict()
    assert torch.equal(two["layers.0.weight"], three["layers.0.weight"])
    assert torch.equal(two["layers.1.weight"], three["layers.1.weight"])
    assert torch.equal(two["layers.2.weight"], three["layers.3.weight"])


def test_divergence_is_reported() -> None:
    row = trained(made.digits(), training={"optimizer": "sgd(lr=1e6)"}).row
    assert row["status"] == "diverged"
    assert "no longer finite" in row["reason"]
    assert row["accuracy"] is None


def test_it_can_be_stopped_and_learns_from_the_labels() -> None:
    trial = Trial(Key("verdict", "a", 3, (0.003,)), changed(Recipe(), BASE), (1.0,), None)
    with pytest.raises(InterruptedTrialError):
        train(trial, made.digits(), lambda: True)
    digits = made.digits(400, 200)
    accuracy = trained(digits, budget={"epochs": 30}, training={"optimizer": "adam(lr=0.01)"}).row["accuracy"]
    shuffled = Part(digits.training.inputs, np.random.default_rng(0).permutation(digits.training.labels))
    guessed = trained(
        Digits("made", shuffled, digits.test), budget={"epochs": 30}, training={"optimizer": "adam(lr=0.01)"}
    ).row["accuracy"]
    assert accuracy > 70
    assert guessed < 30
    assert math.isfinite(accuracy)
