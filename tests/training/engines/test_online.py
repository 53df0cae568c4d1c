"""Comparisons of the online engine with float64 autograd, and with the replica."""

from __future__ import annotations

import dataclasses
import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numba import njit
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from sfumato.errors import EngineError
from sfumato.models import MLP, grid
from sfumato.models import mlp as build
from sfumato.recipe import Recipe, changed, choices, preset
from sfumato.training.engines import unsupported_reasons
from sfumato.training.engines.engine import Task
from sfumato.training.engines.online import shard
from sfumato.training.engines.online.engine import Online
from sfumato.training.engines.online.shard import useful_threads
from sfumato.training.engines.replica import Replica

STEPS = 20
ACTIVATIONS = [
    *("leaky_relu(0.1)", "relu", "elu(0.7)", "gelu", "silu", "softplus(3)", "tanh", "sigmoid"),
    *("sine(1)", "finer(0.7)", "finer(omega=0.7, differentiate_scale=false)", "gabor(omega=1, scale=0.6)", "sinc(2)"),
    "gaussian(0.7)",
    "sine(omega=1, first_omega=0.4),tanh,gabor(omega=1, scale=0.6)",
]


@pytest.fixture(autouse=True)
def _small_networks_use_all_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shard, "MIN_WEIGHTS_PER_PHASE", 0)


def recipe_of(**model: Any) -> Recipe:
    """Return a recipe whose defaults change the weights clearly within 20 steps."""
    model = {"width": (23, 18, 37), "activation": "tanh", "init": "glorot", **model}
    training = {"batch": 1, "optimizer": "sgd(lr=0.5, fan_in_scaling=true)", "schedule": "constant"}
    return changed(preset("fast"), {"model": model, "training": training, "seed": 5, "dtype": "float32"})


def task_of(recipe: Recipe, threads: int = 1) -> Task:
    random = np.random.default_rng(2)
    coordinates = random.uniform(-1, 1, (40, 2))
    targets = random.uniform(0, 1, (40, 3))
    model = build(recipe.model, 3, recipe.seed)
    with torch.no_grad():
        # Biases start away from 0, so that a missing one is detected.
        for layer in model.linear_layers():
            if layer.bias is not None:
                layer.bias.add_(0.1 * torch.randn(layer.bias.shape, generator=torch.Generator().manual_seed(1)))
    return Task(recipe, coordinates, targets, model, threads)


class Reference:
    """Stochastic gradient descent by autograd in float64."""

    def __init__(self, task: Task) -> None:
        self.recipe = task.recipe
        self.model = build(self.recipe.model, 3, self.recipe.seed, torch.float64)
        self.model.load_state_dict(task.model.state_dict())
        self.coordinates, self.targets = torch.from_numpy(task.coordinates), torch.from_numpy(task.targets)
        self.loss = self.squared_error = 0.0

    def weights(self) -> dict[str, NDArray[np.float64]]:
        return {name: tensor.detach().numpy().copy() for name, tensor in self.model.state_dict().items()}

    def step(self, pixel: int, factor: float = 1.0) -> None:
        error = self.model(self.coordinates[pixel : pixel + 1])[0] - self.targets[pixel]
        match self.recipe.training.loss:
            case choices.L1():
                loss = error.abs().sum()
            case choices.Huber(delta):
                small = error.abs() <= delta
                loss = torch.where(small, error**2 / 2, delta * (error.abs() - delta / 2)).sum()
            case _:
                loss = (error**2).sum() / 2
        self.loss += loss.item()
        self.squared_error += (error**2).sum().item()
        self.model.zero_grad()
        loss.backward()
        sgd = self.recipe.training.optimizer
        assert isinstance(sgd, choices.SGD)
        with torch.no_grad():
            for layer in self.model.linear_layers():
                rate = sgd.lr * factor / (math.sqrt(layer.in_features + 1) if sgd.fan_in_scaling else 1)
                for parameter in layer.parameters():
                    assert parameter.grad is not None
                    parameter -= rate * parameter.grad


def relative_error(task: Task, steps: int) -> float:
    """Return the largest difference in any tensor's change over some steps, relative to its largest change."""
    reference, engine = Reference(task), Online(task)
    before = reference.weights()
    pixels = np.random.default_rng(3).permutation(40)[:steps]
    factors = np.linspace(1, 0.5, steps)
    for pixel, factor in zip(pixels.tolist(), factors.tolist(), strict=True):
        reference.step(pixel, factor)
    sums = engine.advance(pixels, factors)
    assert sums.loss == pytest.approx(reference.loss, rel=1e-4)
    assert sums.squared_error == pytest.approx(reference.squared_error, rel=1e-4)
    after, trained = reference.weights(), engine.weights()
    assert trained.keys() == after.keys()
    changes = {name: after[name] - before[name] for name in after if "layers" in name}
    assert all(np.abs(change).max() > 1e-4 for change in changes.values())
    return max(
        float(np.abs(trained[name] - after[name]).max() / np.abs(change).max()) for name, change in changes.items()
    )


def check(recipe: Recipe, threads: int = 1) -> None:
    # float32 has 7 digits, of which a step changes the last 4 to 6.
    assert relative_error(task_of(recipe, threads), 1) < 2e-4
    assert relative_error(task_of(recipe, threads), STEPS) < 5e-4


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("output", ["linear", "sigmoid"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations(activation: str, output: str, threads: int) -> None:
    check(recipe_of(activation=activation, output_activation=output), threads)


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("biases", [True, False])
@pytest.mark.parametrize("width", [(), (9,), (16, 40), (300, 8, 17), (5, 12, 33, 48), (20,) * 7])
def test_architectures(width: tuple[int, ...], biases: bool, threads: int) -> None:
    shape = {"width": width} if width else {"width": 8, "depth": 0}
    check(recipe_of(**shape, biases=biases), threads)


@pytest.mark.parametrize("output", ["linear", "sigmoid"])
@pytest.mark.parametrize("loss", ["mse", "l1", "huber(0.1)", "huber(0.4)"])
def test_losses(loss: str, output: str) -> None:
    check(changed(recipe_of(output_activation=output), {"training": {"loss": loss}}), threads=2)


@pytest.mark.parametrize("threads", [1, 2])
def test_encoding_and_rates_without_scaling(threads: int) -> None:
    recipe = recipe_of(encoding="fourier(sigma=1, features=30)")
    check(changed(recipe, {"training": {"optimizer": "sgd(0.1)"}}), threads)


@pytest.mark.slow
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_wrong_derivative_is_detected(activation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = recipe_of(activation=activation)
    kind = type(recipe.model.activations[1])
    right: Any = njit(kind.implementation().derivative)
    wrong = dataclasses.replace(kind.implementation(), derivative=lambda x, y, *p: 1.01 * right(x, y, *p))
    monkeypatch.setattr(kind.implemented_by.replace(":", "."), wrong)
    with pytest.raises(AssertionError):
        check(recipe)


@pytest.mark.slow
def test_an_activation_in_the_wrong_layer_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    right = shard.Shard.use_activations
    monkeypatch.setattr(shard.Shard, "use_activations", lambda one, given: right(one, given[::-1]))
    check(recipe_of(activation="tanh,sigmoid,tanh"), threads=2)
    with pytest.raises(AssertionError):
        check(recipe_of(activation="tanh,sigmoid,sigmoid"), threads=2)
    with pytest.raises(AssertionError):
        check(recipe_of(activation="sine(omega=1, first_omega=0.9)"))


@pytest.mark.parametrize("threads", [1, 2])
def test_division_into_calls_does_not_matter(threads: int) -> None:
    task = task_of(recipe_of(), threads)
    pixels, rates = np.random.default_rng(0).integers(0, 40, 30), np.linspace(1, 0.5, 30)
    whole = Online(task)
    sums = whole.advance(pixels, rates)
    divided = Online(task)
    calls = [divided.advance(pixels[a:b], rates[a:b]) for a, b in itertools.pairwise([0, 1, 2, 17, 30])]
    assert sum(call.loss for call in calls) == pytest.approx(sums.loss, rel=1e-12)
    for name, array in whole.weights().items():
        np.testing.assert_array_equal(divided.weights()[name], array)


@pytest.mark.parametrize("threads", [1, 2])
def test_resumes_to_the_same_bits(threads: int) -> None:
    task = task_of(recipe_of(), threads)
    pixels, rates = np.random.default_rng(0).integers(0, 40, 30), np.ones(30)
    engine = Online(task)
    engine.advance(pixels[:13], rates[:13])
    state = engine.state()
    engine.advance(pixels[13:], rates[13:])
    resumed = Online(task_of(changed(task.recipe, {"seed": 6}), threads))
    resumed.load(state)
    resumed.advance(pixels[13:], rates[13:])
    for name, array in engine.weights().items():
        np.testing.assert_array_equal(resumed.weights()[name], array)


def test_outputs_equal_the_models() -> None:
    task = task_of(recipe_of(output_activation="sigmoid", encoding="fourier(sigma=1, features=8)"), threads=2)
    engine = Online(task)
    engine.advance(np.arange(40), np.ones(40))
    reference = Reference(task)
    reference.model.load_state_dict({name: torch.from_numpy(array) for name, array in engine.weights().items()})
    coordinates = np.random.default_rng(1).uniform(-1, 1, (1500, 2))
    expected = reference.model(torch.from_numpy(coordinates)).detach().numpy()
    np.testing.assert_allclose(engine.outputs(coordinates), expected, atol=1e-5)


@pytest.mark.parametrize("threads", [1, 2])
def test_it_agrees_with_the_replica(threads: int) -> None:
    with Image.open(Path(__file__).parents[2] / "data" / "tile-13x9.png") as image:
        picture = np.asarray(image.convert("RGB")) / 255
    recipe = changed(preset("blog-2012"), {"model": {"width": 20}, "seed": 333})
    coordinates, targets = grid(recipe.coordinates, *picture.shape[:2]), picture.reshape(-1, 3)
    replica = Replica(Task(recipe, coordinates, targets, nn.Identity(), threads=1))
    model = build(recipe.model, 3, recipe.seed)
    model.load_state_dict({name: torch.from_numpy(array) for name, array in replica.weights().items()})
    engine = Online(Task(recipe, coordinates, targets, model, threads))
    for _ in range(2):
        pixels = replica.sampler().epoch().indices
        exact, sums = replica.advance(pixels, np.ones(len(pixels))), engine.advance(pixels, np.ones(len(pixels)))
        assert sums.loss == pytest.approx(exact.loss, rel=1e-6)
        assert sums.squared_error == pytest.approx(exact.squared_error, rel=1e-6)
    for name, array in replica.weights().items():
        np.testing.assert_allclose(engine.weights()[name], array, atol=1e-6)
    np.testing.assert_allclose(engine.outputs(coordinates), replica.outputs(coordinates), atol=2e-6)


def test_divergence_gives_a_loss_that_is_not_finite() -> None:
    recipe = changed(recipe_of(activation="relu"), {"training": {"optimizer": "sgd(lr=1e6)"}})
    sums = Online(task_of(recipe)).advance(np.arange(40), np.ones(40))
    assert not math.isfinite(sums.loss)


def test_small_networks_use_few_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert useful_threads([2, 300, 300, 300, 300, 3], 2) == 2
    assert useful_threads([2, 300, 300, 300, 300, 3], 1) == 1
    assert useful_threads([2, 20, 20, 20, 3], 2) == 1
    assert useful_threads([2, 3], 2) == 1
    assert useful_threads([2, 300, 3], 2) == 1


def test_all_reasons_are_listed() -> None:
    assert unsupported_reasons("online", preset("blog-2012")) == []
    assert unsupported_reasons("online", recipe_of(encoding="fourier", output_activation="sigmoid", biases=False)) == []
    recipe = changed(preset("fast"), {"model": {"connectivity": "residual"}, "dtype": "float64", "device": "cuda"})
    fields = [reason.split(" must be ")[0] for reason in unsupported_reasons("online", recipe)]
    assert fields == ["training.batch", "training.optimizer", "model.connectivity", "dtype", "device"]
    momentum = changed(recipe_of(), {"training": {"optimizer": "sgd(0.1, momentum=0.9)"}})
    assert [reason.split(" must be ")[0] for reason in unsupported_reasons("online", momentum)] == [
        "training.optimizer"
    ]


def test_a_module_of_another_class_is_rejected() -> None:
    task = task_of(recipe_of())
    with pytest.raises(EngineError, match="MLP"):
        Online(dataclasses.replace(task, model=nn.Linear(2, 3)))
    assert isinstance(task.model, MLP)
