"""Comparisons of the fused engine with autograd and PyTorch's optimizers in float64."""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch
from numba import njit
from numpy.typing import NDArray
from torch import nn

from sfumato.errors import EngineError
from sfumato.models import network
from sfumato.recipe import Recipe, changed, preset
from sfumato.recipe.connections import Connections
from sfumato.training.engines import unsupported_reasons
from sfumato.training.engines.autograd import Autograd
from sfumato.training.engines.engine import Engine, Task
from sfumato.training.engines.fused.engine import Fused
from sfumato.training.engines.fused.layout import TILE, Layout
from sfumato.training.engines.fused.reduction import share
from sfumato.training.kernels.vectors import round_up

PIXELS, STEPS, BATCH = 400, 20, 70
ACTIVATIONS = [
    *("leaky_relu(0.1)", "relu", "elu(0.7)", "gelu", "silu", "softplus(3)", "tanh", "sigmoid"),
    *("sine(1)", "finer(0.7)", "finer(omega=0.7, differentiate_scale=false)", "gabor(omega=1, scale=0.6)", "sinc(4)"),
    "gaussian(0.7)",
    "sine(omega=1, first_omega=0.4),tanh,gabor(omega=1, scale=0.6)",
]
OPTIMIZERS = [
    "sgd(lr=0.1)",
    "sgd(lr=0.5, fan_in_scaling=true)",
    "sgd(lr=0.1, momentum=0.8)",
    "sgd(lr=0.1, momentum=0.8, nesterov=true)",
    "adam(lr=0.002, beta1=0.8, beta2=0.95)",
    "adam(lr=0.002, eps=0.01)",
    "adamw(lr=0.002, weight_decay=3)",
    "lazy_adam(lr=0.002, beta1=0.8)",
    "rmsprop(lr=0.0005)",
    "rmsprop(lr=0.0005, momentum=0.5, decay=0.9)",
    # More samples than a batch has, because which of fewer are used depends on the number of threads.
    "foof(lr=0.05, damping=0.3, samples=128, update_interval=4, decay=0.8, momentum=0.8, adam_beta2=0.9)",
    # More iterations would magnify rounding errors of small singular values.
    "muon(lr=0.05, ns_steps=2)",
    "muon(lr=0.05, momentum=0.8, nesterov=false, ns_steps=3, adam_beta2=0.9)",
    "muon(lr=0.05, ns_steps=3, adam_eps=0.01, norm=frobenius)",
]

# With larger weights than the default ones, so that deep layers learn in 20 steps.
FILTERS: dict[str, Any] = {
    "connectivity": "multiplicative_filter(input_scale=9, weight_scale=6)",
    "activation": "leaky_relu",
    "init": "random_hyperplanes",
}


def recipe_of(**model: Any) -> Recipe:
    """Return a recipe whose defaults change the weights clearly within 20 steps."""
    training = {"batch": BATCH, "optimizer": "sgd(lr=0.2)", "schedule": "constant", **model.pop("training", {})}
    model = {"width": (23, 18, 37), "activation": "tanh", "init": "gaussian(1)", **model}
    return changed(
        preset("fast"), {"model": model, "training": training, "seed": 5, "dtype": "float32", "device": "cpu"}
    )


def task_of(recipe: Recipe, threads: int = 1, dtype: torch.dtype = torch.float32) -> Task:
    random = np.random.default_rng(2)
    coordinates, targets = random.uniform(-1, 1, (PIXELS, 2)), random.uniform(0, 1, (PIXELS, 3))
    # The same float32 weights for both, so that they start from the same point.
    model = network(recipe.model, 3, recipe.seed).to(dtype)
    return Task(recipe, coordinates, targets, model, threads)


def pixels_of(steps: int, batch: int = BATCH) -> NDArray[np.int64]:
    # The last step has fewer samples.
    return np.random.default_rng(3).integers(0, PIXELS, max(1, steps * batch - batch // 3))


def relative_error(recipe: Recipe, threads: int, steps: int) -> float:
    """Return the largest difference in any tensor's change over some steps, relative to that tensor's largest change.

    Half a unit in the last place of a weight is subtracted per step, for rounding.
    """
    reference = Autograd(task_of(changed(recipe, {"dtype": "float64"}), dtype=torch.float64))
    engine = Fused(task_of(recipe, threads))
    before, factors = engine.weights(), np.linspace(1, 0.5, steps)
    batch = PIXELS if recipe.training.batch == "all" else recipe.training.batch
    expected = reference.advance(pixels_of(steps, batch), factors)
    sums = engine.advance(pixels_of(steps, batch), factors)
    assert sums.loss == pytest.approx(expected.loss, rel=1e-4)
    assert sums.squared_error == pytest.approx(expected.squared_error, rel=1e-4)
    after, trained = reference.weights(), engine.weights()
    assert trained.keys() == after.keys()
    # All trained parameters, and no buffers.
    changes = {name: after[name] - before[name] for name, _ in task_of(recipe).model.named_parameters()}
    assert all(np.abs(change).max() > 1e-5 for change in changes.values())
    differences = {
        name: np.abs(trained[name] - after[name]) - steps * 2.0**-24 * np.abs(after[name]) for name in changes
    }
    return max(float(differences[name].max() / np.abs(change).max()) for name, change in changes.items())


def check(recipe: Recipe, threads: int = 1) -> None:
    assert relative_error(recipe, threads, 1) < 2e-4
    assert relative_error(recipe, threads, STEPS) < 5e-4


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("output", ["linear", "sigmoid"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations(activation: str, output: str, threads: int) -> None:
    check(recipe_of(activation=activation, output_activation=output), threads)


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("biases", [True, False])
@pytest.mark.parametrize("width", [(), (9,), (16, 40), (300, 8, 17), (5, 12, 33, 48), (20,) * 7])
def test_architectures(width: tuple[int, ...], biases: bool, threads: int) -> None:
    shape = {"width": width} if width else {"width": 8, "depth": 0}
    check(recipe_of(**shape, biases=biases), threads)


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    ("shape", "width"),
    [
        ("residual", (20,) * 5),
        ("residual", (16,)),
        ("skip", (23, 18, 37)),
        ("skip(2)", (16, 15)),
        ("skip(5)", (20,) * 5),
        ("dense", (23, 18, 37)),
        ("dense", (16,)),
        ("dense", (3, 1, 2, 1, 5)),
    ],
)
def test_additions_and_joins(shape: str, width: tuple[int, ...], threads: int) -> None:
    check(recipe_of(connectivity=shape, width=width, activation="gaussian(0.7)", output_activation="sigmoid"), threads)
    # Without biases, with more features than fill a register, and more samples than a tile.
    other = {"encoding": "fourier(sigma=1, features=30)", "biases": False, "training": {"batch": 300}}
    check(recipe_of(connectivity=shape, width=width, **other), threads)


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("normalization", ["layer", "layer(eps=0.1)", "weight"])
@pytest.mark.parametrize(
    ("shape", "width"),
    [
        *(("plain", width) for width in ((), (9,), (15, 14, 30), (300, 8, 17))),
        *((shape, (20,) * 4) for shape in ("residual", "skip", "dense")),
    ],
)
def test_normalizations(shape: str, width: tuple[int, ...], normalization: str, threads: int) -> None:
    # The last batch of fewer samples than threads take, tiles that add up, and fan-ins just below whole registers.
    model = {"connectivity": shape, **({"width": width} if width else {"width": 8, "depth": 0})}
    # At a higher rate the trainings of normalized residual layers are chaotic: they magnify rounding errors.
    check(recipe_of(normalization=normalization, **model, training={"optimizer": "sgd(lr=0.05)"}), threads)
    more = {
        "biases": False,
        "activation": "sine(1)",
        "training": {"batch": 300, "optimizer": "adam(lr=0.002, eps=0.01)"},
    }
    check(recipe_of(normalization=normalization, **model, **more), threads)


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("output", ["linear", "sigmoid"])
@pytest.mark.parametrize("width", [(9,), (14, 15, 30), (12, 17, 16, 5), (300, 8, 17), (30,) * 6])
def test_filters(width: tuple[int, ...], output: str, threads: int) -> None:
    # Rows of frequencies and the phase below, at, and across the ends of registers.
    check(recipe_of(**FILTERS, width=width, output_activation=output), threads)
    more = {
        "encoding": "fourier(sigma=0.3, features=30)",
        "training": {"batch": 300, "optimizer": "sgd(lr=0.1, momentum=0.8)"},
    }
    check(recipe_of(**FILTERS, width=width, output_activation=output, **more), threads)


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_filters_with_optimizers(optimizer: str) -> None:
    check(recipe_of(**FILTERS, training={"optimizer": optimizer}), threads=2)


def test_filters_of_high_frequencies() -> None:
    # The default for pictures: up to 80 periods. One step, because frequencies as high magnify rounding errors.
    filters = {**FILTERS, "connectivity": "multiplicative_filter"}
    assert relative_error(recipe_of(**filters), 2, 1) < 2e-4


@pytest.mark.slow
@pytest.mark.parametrize("normalization", ["layer", "weight"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_normalizations_with_optimizers(optimizer: str, normalization: str) -> None:
    optimizer = optimizer.replace("sgd(lr=0.1", "sgd(lr=0.02")
    check(recipe_of(normalization=normalization, training={"optimizer": optimizer}), threads=2)


@pytest.mark.parametrize("widths", [(3, 1, 2, 1, 5), (1,) * 9, (16, 15), (300, 17, 1)])
def test_products_of_dense_layers_stay_in_their_threads_memory(widths: tuple[int, ...]) -> None:
    layout = Layout([2, *widths, 3], biases=True, connections=Connections(dense_layers=frozenset(range(len(widths)))))
    errors, last = layout.scratch + 2 * TILE * layout.widest, (TILE - 1) * layout.widest
    for layer in range(1, len(widths) + 1):
        above = sum(widths[layer:])
        assert errors + last + above + round_up(sum(widths[:layer])) <= layout.memory


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["residual", "skip", "dense"])
@pytest.mark.parametrize("optimizer", [optimizer for optimizer in OPTIMIZERS if optimizer[0] in "fm"])
def test_additions_and_joins_with_matrices_of_hidden_layers(shape: str, optimizer: str) -> None:
    check(recipe_of(connectivity=shape, width=(20,) * 4, training={"optimizer": optimizer}))


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_optimizers(optimizer: str, threads: int) -> None:
    check(recipe_of(training={"optimizer": optimizer}), threads)


@pytest.mark.parametrize("width", [(23, 18, 37, 5), (40,) * 4, (20,), ()])
@pytest.mark.parametrize("biases", [True, False])
def test_foof(width: tuple[int, ...], biases: bool) -> None:
    # Less damping would magnify rounding errors of the moments.
    foof = "foof(lr=0.05, damping=0.3, samples=20, update_interval=3)"
    shape = {"width": width} if width else {"width": 8, "depth": 0}
    check(recipe_of(**shape, biases=biases, training={"optimizer": foof}))


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("width", [(23, 18, 37, 5), (40,) * 4, (70, 20), (20,), ()])
def test_muon(width: tuple[int, ...], threads: int) -> None:
    # Whole layers per thread, layers shared by all threads, or both; tall, wide and square matrices.
    shape = {"width": width} if width else {"width": 8, "depth": 0}
    check(recipe_of(**shape, biases=len(width) != 2, training={"optimizer": "muon(lr=0.05, ns_steps=2)"}), threads)


@pytest.mark.parametrize("batch", [2, 7, 33, 129, 255, 257, 385, "all"])
def test_batches(batch: int | str) -> None:
    check(recipe_of(training={"batch": batch}), threads=2)


@pytest.mark.parametrize("output", ["linear", "sigmoid"])
@pytest.mark.parametrize("loss", ["l1", "huber(0.1)", "huber(0.4)"])
def test_losses(loss: str, output: str) -> None:
    # Not 20 steps: where the derivative of a loss jumps, rounding decides on which side an error is.
    assert relative_error(recipe_of(output_activation=output, training={"loss": loss}), 2, 1) < 2e-4


def test_encoding() -> None:
    check(recipe_of(encoding="fourier(sigma=1, features=30)"), threads=2)


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
    right = Layout.use_activations
    monkeypatch.setattr(Layout, "use_activations", lambda layout, given: right(layout, given[::-1]))
    check(recipe_of(activation="tanh,sigmoid,tanh"))
    with pytest.raises(AssertionError):
        check(recipe_of(activation="tanh,sigmoid,sigmoid"))
    with pytest.raises(AssertionError):
        check(recipe_of(activation="sine(omega=1, first_omega=0.9)"))


def train(task: Task, cuts: list[int]) -> Engine:
    engine = Fused(task)
    pixels, factors = pixels_of(30), np.linspace(1, 0.5, 30)
    for a, b in itertools.pairwise(cuts):
        engine.advance(pixels[a * BATCH : b * BATCH], factors[a:b])
    return engine


@pytest.mark.parametrize("threads", [1, 2])
def test_division_into_calls_does_not_matter(threads: int) -> None:
    task = task_of(recipe_of(training={"optimizer": "adam(0.002)"}), threads)
    whole, divided = train(task, [0, 30]), train(task, [0, 1, 2, 17, 30])
    for name, array in whole.state().items():
        np.testing.assert_array_equal(divided.state()[name], array)


@pytest.mark.parametrize(
    ("optimizer", "normalization"),
    [
        *((optimizer, "none") for optimizer in OPTIMIZERS),
        *((optimizer, name) for optimizer in OPTIMIZERS[-3:] for name in ("layer", "weight")),
    ],
)
def test_resumes_to_the_same_bits(optimizer: str, normalization: str) -> None:
    recipe = recipe_of(training={"optimizer": optimizer}, normalization=normalization)
    pixels, factors = pixels_of(30), np.ones(30)
    engine = Fused(task_of(recipe, 2))
    engine.advance(pixels[: 13 * BATCH], factors[:13])
    state = engine.state()
    engine.advance(pixels[13 * BATCH :], factors[13:])
    resumed = Fused(task_of(changed(recipe, {"seed": 6}), 2))
    resumed.load(state)
    resumed.advance(pixels[13 * BATCH :], factors[13:])
    for name, array in engine.state().items():
        np.testing.assert_array_equal(resumed.state()[name], array)


@pytest.mark.parametrize(
    "model",
    [
        {"output_activation": "sigmoid"},
        {"normalization": "layer"},
        {"normalization": "weight"},
        {"connectivity": "dense"},
        FILTERS,
        {},
    ],
)
def test_outputs_equal_the_models_for_any_number_of_threads(model: dict[str, Any]) -> None:
    recipe = recipe_of(**model, encoding="fourier(sigma=1, features=8)")
    coordinates = np.random.default_rng(1).uniform(-1, 1, (1501, 2))
    one, two = Fused(task_of(recipe, 1)), Fused(task_of(recipe, 2))
    expected = network(recipe.model, 3, recipe.seed).double()(torch.from_numpy(coordinates)).detach().numpy()
    np.testing.assert_allclose(one.outputs(coordinates), expected, atol=1e-5)
    np.testing.assert_array_equal(two.outputs(coordinates), one.outputs(coordinates))


def test_padding_of_matrices_stays_zero() -> None:
    # sigmoid(0) and gaussian(0) are not 0.
    engine = Fused(task_of(recipe_of(activation="gaussian(0.7)", training={"optimizer": "adam(0.01)"}), 2))
    engine.advance(pixels_of(STEPS), np.ones(STEPS))
    weights = engine.state()["weights"]
    assert np.count_nonzero(weights) == sum(array.size for name, array in engine.weights().items() if "layers" in name)


def test_divergence_gives_a_loss_that_is_not_finite() -> None:
    engine = Fused(task_of(recipe_of(activation="relu", training={"optimizer": "sgd(lr=1e6)"}), 2))
    assert not math.isfinite(engine.advance(pixels_of(STEPS), np.ones(STEPS)).loss)


def test_all_reasons_are_listed() -> None:
    assert (
        unsupported_reasons(
            "fused", recipe_of(encoding="fourier", output_activation="sigmoid", biases=False, connectivity="skip")
        )
        == []
    )
    recipe = changed(preset("blog-2012"), {"training": {"optimizer": "lbfgs"}, "dtype": "float64", "device": "cuda"})
    fields = [reason.split(" must be ")[0] for reason in unsupported_reasons("fused", recipe)]
    assert fields == ["training.batch", "training.optimizer", "dtype", "device"]


def test_a_module_of_another_class_is_rejected() -> None:
    with pytest.raises(EngineError, match="MLP"):
        Fused(dataclasses.replace(task_of(recipe_of()), model=nn.Linear(2, 3)))


def test_every_row_belongs_to_one_thread() -> None:
    for rows, threads in itertools.product((16, 48, 304, 528), (1, 2, 3, 7)):
        ranges = [share(rows, rank, threads) for rank in range(threads)]
        assert ranges[0][0] == 0
        assert ranges[-1][1] == rows
        assert all(before[1] == after[0] for before, after in itertools.pairwise(ranges))
