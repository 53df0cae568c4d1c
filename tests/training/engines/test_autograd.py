"""Comparisons of the autograd engine with backpropagation written out in NumPy, float64."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from sfumato import models
from sfumato.recipe import Recipe, changed, choices
from sfumato.training import resolve
from sfumato.training.engines import Task, find, unsupported_reasons

Array = NDArray[np.float64]
ROWS, COLUMNS = 6, 8
TRUE = {member: member.implementation() for member in choices.Activation.members.values()}
# A higher frequency would make 20 steps chaotic, so that rounding alone would make results differ.
ACTIVATIONS = [
    *("leaky_relu(0.1)", "relu", "elu(0.7)", "gelu", "silu", "softplus(3)", "tanh", "sigmoid"),
    *("sine(1.2)", "finer(0.3)", "finer(omega=0.3, differentiate_scale=false)", "gabor(omega=1, scale=0.6)", "sinc(2)"),
    "gaussian(0.7)",
    "sine(omega=1.2, first_omega=0.4),tanh,gelu",
]


def recipe_of(**model: Any) -> Recipe:
    training = {"batch": 5, "optimizer": "sgd(lr=0.2)", "schedule": "constant", **model.pop("training", {})}
    changes = {
        "model": {"depth": 3, "width": 11, "init": "gaussian(1.5)", **model},
        "training": training,
        "budget": {"steps": 20},
        "engine": "autograd",
        "dtype": "float64",
        "threads": 1,
        "seed": 4,
    }
    return resolve(changed(Recipe(), changes))


def task_of(recipe: Recipe) -> Task:
    coordinates = models.grid(recipe.coordinates, ROWS, COLUMNS)
    targets = np.random.default_rng(9).uniform(0, 1, (ROWS * COLUMNS, 3))
    model = models.mlp(recipe.model, 3, recipe.seed, torch.float64)
    return Task(recipe, coordinates, targets, model, 1)


def scalar(function: Any, *arrays: Array, p: tuple[float, ...]) -> Array:
    return np.vectorize(lambda *values: function(*values, *p), otypes=[float])(*arrays)


def reference_weights(
    recipe: Recipe, task: Task, pixels: NDArray[np.int64], rates: list[float]
) -> list[tuple[Array, Array]]:
    """Return weights and biases after plain SGD: textbook backpropagation, with the true derivatives."""
    layers = [
        (layer.weight.detach().numpy().copy(), layer.bias.detach().numpy().copy())
        for layer in models.mlp(recipe.model, 3, recipe.seed, torch.float64).linear_layers()
    ]
    activations = [(TRUE[type(each)], each.parameters) for each in recipe.model.activations]
    encode = task.model.get_submodule("encode")
    batch = recipe.training.batch
    assert isinstance(batch, int)
    assert isinstance(recipe.training.optimizer, choices.SGD)
    for start, rate in zip(range(0, len(pixels), batch), rates, strict=True):
        indices = pixels[start : start + batch]
        x = encode(torch.from_numpy(task.coordinates[indices])).detach().numpy()
        inputs, preactivations = [x], []
        for number, (w, b) in enumerate(layers):
            preactivations.append(inputs[-1] @ w.T + b)
            last = number == len(layers) - 1
            if last:
                inputs.append(preactivations[-1])
            else:
                activation, p = activations[number]
                inputs.append(scalar(activation.value, preactivations[-1], p=p))
        outputs = 1 / (1 + np.exp(-inputs[-1])) if recipe.model.output_activation == "sigmoid" else inputs[-1]
        delta = loss_gradient(recipe.training.loss, outputs - task.targets[indices]) / len(indices)
        if recipe.model.output_activation == "sigmoid":
            delta = delta * outputs * (1 - outputs)
        updated = []
        for number in reversed(range(len(layers))):
            w, b = layers[number]
            updated.append((w - 0.2 * rate * delta.T @ inputs[number], b - 0.2 * rate * delta.sum(axis=0)))
            if number:
                activation, p = activations[number - 1]
                delta = (delta @ w) * scalar(activation.derivative, preactivations[number - 1], inputs[number], p=p)
        layers = updated[::-1]
    return layers


def loss_gradient(loss: choices.Loss, errors: Array) -> Array:
    match loss:
        case choices.MSE():
            return errors
        case choices.L1():
            return np.sign(errors)
        case choices.Huber(delta=delta):
            return np.clip(errors, -delta, delta)
        case _:
            raise AssertionError(loss)


def relative_error(recipe: Recipe, steps: int) -> float:
    """Return the largest difference between the engine's and the reference weights, relative to the largest change."""
    task = task_of(recipe)
    start = [
        layer.weight.detach().numpy().copy() for layer in models.mlp(recipe.model, 3, 4, torch.float64).linear_layers()
    ]
    pixels = np.random.default_rng(3).permutation(ROWS * COLUMNS * 3)[: 5 * steps] % (ROWS * COLUMNS)
    rates = np.linspace(1, 0.5, steps)
    engine = find("autograd")(task)
    engine.advance(pixels, rates)
    weights = engine.weights()
    expected = reference_weights(recipe, task_of(recipe), pixels, list(rates))
    changes = max(np.abs(w - first).max() for (w, _), first in zip(expected, start, strict=True))
    assert changes > 1e-4
    differences = [
        max(np.abs(weights[f"layers.{i}.weight"] - w).max(), np.abs(weights[f"layers.{i}.bias"] - b).max())
        for i, (w, b) in enumerate(expected)
    ]
    return float(max(differences) / changes)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("output", ["linear", "sigmoid"])
@pytest.mark.parametrize("steps", [1, 20])
def test_weights_equal_the_reference(activation: str, output: str, steps: int) -> None:
    assert relative_error(recipe_of(activation=activation, output_activation=output), steps) < 1e-9


@pytest.mark.parametrize("loss", ["mse", "l1", "huber(0.2)"])
@pytest.mark.parametrize("model", [{}, {"depth": 0}, {"width": (7, 3)}, {"encoding": "fourier(sigma=1, features=8)"}])
def test_losses_and_architectures(loss: str, model: dict[str, Any]) -> None:
    assert relative_error(recipe_of(**model, training={"loss": loss}), 20) < 1e-9


def test_a_wrong_derivative_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    class Wrong(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            ctx.save_for_backward(x)
            return torch.tanh(x)

        @staticmethod
        def backward(ctx: Any, *gradients: Tensor) -> Tensor:
            (x,) = ctx.saved_tensors
            return gradients[0] * (1 - 0.99 * torch.tanh(x) ** 2)

    def tensor(x: Tensor) -> Tensor:
        out = Wrong.apply(x)
        assert isinstance(out, Tensor)
        return out

    wrong = dataclasses.replace(choices.Tanh.implementation(), tensor=tensor)
    monkeypatch.setattr(choices.Tanh.implemented_by.replace(":", "."), wrong)
    assert relative_error(recipe_of(activation="tanh"), 1) > 1e-4
    assert relative_error(recipe_of(activation="tanh"), 20) > 1e-4


# K-FAC gets whole batches for any number of threads; more damping magnifies rounding less.
@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["muon", "kfac(damping=0.1)"])
@pytest.mark.parametrize("batch", [48, 150, 1000])
def test_two_threads_agree_with_one(batch: int, optimizer: str) -> None:
    def train(threads: int) -> list[NDArray[Any]]:
        recipe = recipe_of(training={"batch": batch, "optimizer": optimizer})
        coordinates = models.grid(recipe.coordinates, 20, 30)
        targets = np.random.default_rng(9).uniform(0, 1, (600, 3))
        model = models.mlp(recipe.model, 3, recipe.seed, torch.float64)
        engine = find("autograd")(Task(recipe, coordinates, targets, model, threads))
        steps = -(-600 // batch)
        engine.advance(np.arange(600), np.ones(steps))
        return [*engine.weights().values(), engine.outputs(coordinates)]

    for one, two, again in zip(train(1), train(2), train(2), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-9, atol=1e-11)
        assert np.array_equal(two, again)
        assert np.abs(one).max() > 0.01


@pytest.mark.slow
def test_any_module_can_be_trained() -> None:
    recipe = recipe_of()
    task = task_of(recipe)
    custom = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.BatchNorm1d(8), torch.nn.Linear(8, 3))
    engine = find("autograd")(Task(recipe, task.coordinates, task.targets, custom, 2))
    first = last = engine.advance(np.arange(45), np.ones(9))
    for _ in range(30):
        last = engine.advance(np.arange(45), np.ones(9))
    assert last.squared_error < first.squared_error


def test_sums_are_those_before_each_step() -> None:
    recipe = recipe_of(training={"optimizer": "sgd(lr=0)"})
    task = task_of(recipe)
    pixels = np.arange(10)
    errors = models.outputs(task.model, task.coordinates)[pixels] - task.targets[pixels]
    advance = find("autograd")(task).advance(pixels, np.ones(2))
    assert advance.squared_error == pytest.approx((errors**2).sum())
    assert advance.loss == pytest.approx((errors**2).sum() / 2)


@pytest.mark.parametrize(
    "optimizer",
    [
        *("sgd(momentum=0.9)", "adam", "muon", "rprop", "lbfgs(max_iter=3)", "soap(update_interval=2)", "kfac"),
        *("adan", "apollo", "lion", "schedule_free", "shampoo(update_interval=2)"),
        *("esgd(warmup=2, update_interval=3)", "sophia"),
    ],
)
def test_calls_can_be_divided_and_continued_from_the_state(optimizer: str) -> None:
    recipe = recipe_of(training={"optimizer": optimizer, "batch": 16})
    pixels = np.arange(ROWS * COLUMNS)
    whole = find("autograd")(task_of(recipe))
    whole.advance(np.tile(pixels, 2), np.ones(6))
    divided = find("autograd")(task_of(recipe))
    divided.advance(pixels[:16], np.ones(1))
    divided.advance(pixels[16:], np.ones(2))
    other = find("autograd")(task_of(recipe))
    other.load(divided.state())
    other.advance(pixels, np.ones(3))
    for name, value in whole.weights().items():
        assert np.array_equal(value, other.weights()[name]), name


def test_weights_are_copies() -> None:
    engine = find("autograd")(task_of(recipe_of()))
    before = engine.weights()
    engine.advance(np.arange(5), np.ones(1))
    assert any(not np.array_equal(before[name], value) for name, value in engine.weights().items())


def test_cuda_is_unsupported_without_a_device() -> None:
    reasons = unsupported_reasons("autograd", changed(Recipe(), {"device": "cuda"}))
    assert bool(reasons) != torch.cuda.is_available()
