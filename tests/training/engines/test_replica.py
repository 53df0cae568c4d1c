"""Comparisons of the replica with traces that the 2012 program printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from sfumato.recipe import Recipe, changed, preset
from sfumato.training.engines import unsupported_reasons
from sfumato.training.engines.engine import Task
from sfumato.training.engines.replica import Replica

DATA = Path(__file__).parents[2] / "data"
SHARED = Path(__file__).parents[4] / "shared"
TILES = ["tile-13x9-depth4-width20.json", "tile-13x9-depth6-width8.json"]


def read(trace: Path, images: Path) -> tuple[dict[str, Any], Replica, NDArray[np.float64], NDArray[np.float64]]:
    golden = json.loads(trace.read_text())
    with Image.open(images / golden["image"]) as image:
        pixels = np.asarray(image.convert("RGB"))
    height, width, _ = pixels.shape
    axes = np.meshgrid(np.arange(height) / (height - 1), np.arange(width) / (width - 1), indexing="ij")
    coordinates = np.stack(axes, axis=-1).reshape(-1, 2)
    targets = pixels.reshape(-1, 3) / 255
    recipe = changed(
        preset("source-2012"),
        {"model": {"depth": golden["hidden_layers"], "width": golden["width"]}, "seed": golden["seed"]},
    )
    assert unsupported_reasons("replica", recipe) == []
    return golden, Replica(Task(recipe, coordinates, targets, nn.Identity(), threads=1)), coordinates, targets


def tile(name: str = TILES[0]) -> tuple[dict[str, Any], Replica, NDArray[np.float64], NDArray[np.float64]]:
    return read(DATA / name, DATA)


def first_rows(replica: Replica) -> list[list[float]]:
    weights = replica.weights()
    return [
        [*weights[f"layers.{layer}.weight"][0].tolist(), float(weights[f"layers.{layer}.bias"][0])]
        for layer in range(len(weights) // 2)
    ]


def assert_same_trace(trace: Path, images: Path) -> None:
    # Weights and outputs are the same doubles; only the mean is summed in another order here.
    golden, replica, coordinates, targets = read(trace, images)
    assert first_rows(replica) == golden["initial_weights_first_row_of_each_layer"]
    for expected_error in golden["mean_absolute_error_after_epoch"]:
        pixels = replica.sampler().epoch().indices
        replica.advance(pixels, np.ones(len(pixels)))
        assert np.abs(replica.outputs(coordinates) - targets).mean() == pytest.approx(expected_error, abs=1e-13)
    assert first_rows(replica) == golden["final_weights_first_row_of_each_layer"]
    assert replica.outputs(coordinates).tolist() == golden["final_output_row_major"]


@pytest.mark.parametrize("name", TILES)
def test_tile_to_the_last_digit(name: str) -> None:
    assert_same_trace(DATA / name, DATA)


@pytest.mark.slow
def test_mona_lisa_to_the_last_digit() -> None:
    trace = SHARED / "golden" / "mona-30x43-depth4-width300.json"
    if not trace.exists():
        pytest.skip("the Mona Lisa's traces are not part of the project, and are missing on this machine")
    assert_same_trace(trace, SHARED / "images")


def test_division_into_calls_does_not_matter() -> None:
    _, whole, _, _ = tile()
    _, divided, _, _ = tile()
    pixels = whole.sampler().epoch().indices
    rates = np.linspace(1, 0.5, len(pixels))
    sums = whole.advance(pixels, rates)
    calls = [divided.advance(pixels[cut], rates[cut]) for cut in (slice(0, 1), slice(1, 50), slice(50, None))]
    assert sum(call.squared_error for call in calls) == pytest.approx(sums.squared_error, rel=1e-14)
    assert sum(call.loss for call in calls) == pytest.approx(sums.squared_error / 2, rel=1e-14)
    for name, array in whole.weights().items():
        np.testing.assert_array_equal(divided.weights()[name], array)


def test_rates_are_factors_of_the_learning_rate() -> None:
    _, replica, _, _ = tile()
    before = replica.state()["weights"]
    replica.advance(np.array([3]), np.array([1.0]))
    whole = replica.state()["weights"] - before
    replica.load({"weights": before})
    replica.advance(np.array([3]), np.array([0.25]))
    np.testing.assert_allclose(replica.state()["weights"] - before, 0.25 * whole, atol=1e-16)


def test_resumes_to_the_same_bits() -> None:
    _, replica, _, _ = tile()
    pixels = replica.sampler().epoch().indices
    replica.advance(pixels[:40], np.ones(40))
    state, order = replica.state(), replica.sampler().state()

    def train_further(engine: Replica) -> NDArray[np.float64]:
        engine.advance(pixels[40:], np.ones(len(pixels) - 40))
        following = engine.sampler().epoch().indices
        engine.advance(following, np.ones(len(following)))
        return engine.state()["weights"]

    expected = train_further(replica)
    _, resumed, _, _ = tile()
    # The order does not matter, because the two states are independent.
    resumed.sampler().load(order)
    resumed.load(state)
    np.testing.assert_array_equal(train_further(resumed), expected)


def test_no_hidden_layer() -> None:
    recipe = changed(preset("source-2012"), {"model": {"depth": 0}})
    replica = Replica(Task(recipe, np.array([[0.5, 1.0]]), np.array([[0.1, 0.2, 0.3]]), nn.Identity(), threads=1))
    before = replica.weights()
    error = np.array([0.1, 0.2, 0.3]) - replica.outputs(np.array([[0.5, 1.0]]))[0]
    replica.advance(np.array([0]), np.ones(1))
    after = replica.weights()
    step = 0.1 / np.sqrt(3) * error
    np.testing.assert_allclose(after["layers.0.bias"] - before["layers.0.bias"], step, rtol=1e-12)
    np.testing.assert_allclose(
        after["layers.0.weight"] - before["layers.0.weight"], np.outer(step, [0.5, 1.0]), rtol=1e-12
    )


def test_a_negative_slope_of_zero_blocks_the_gradient() -> None:
    recipe = changed(preset("source-2012"), {"model": {"depth": 1, "width": 50, "activation": "leaky_relu(0)"}})
    replica = Replica(Task(recipe, np.array([[0.5, 1.0]]), np.array([[0.1, 0.2, 0.3]]), nn.Identity(), threads=1))
    before = replica.weights()
    preactivations = before["layers.0.weight"] @ np.array([0.5, 1.0]) + before["layers.0.bias"]
    replica.advance(np.array([0]), np.ones(1))
    moved = replica.weights()["layers.0.bias"] != before["layers.0.bias"]
    np.testing.assert_array_equal(moved, preactivations >= 0)


def test_all_reasons_are_listed() -> None:
    assert unsupported_reasons("replica", preset("blog-2012")) == []
    recipe = changed(
        preset("fast"),
        {
            "training": {"sampler": "sequential", "loss": "huber"},
            "data": {"split": 0.1},
            "model": {
                "activation": "relu",
                "output_activation": "sigmoid",
                "encoding": "fourier",
                "connectivity": "residual",
                "init": "he",
                "biases": False,
            },
            "coordinates": {"range": "signed", "align_corners": False},
            "dtype": "float32",
            "device": "cuda",
        },
    )
    fields = [
        "training.batch",
        "training.sampler",
        "training.optimizer",
        "training.schedule",
        "training.loss",
        "data.split",
        "model.activation",
        "model.output_activation",
        "model.connectivity",
        "model.encoding",
        "model.init",
        "model.biases",
        "coordinates.range",
        "coordinates.align_corners",
        "dtype",
        "device",
    ]
    assert [reason.split(" must be ")[0] for reason in unsupported_reasons("replica", recipe)] == fields


@pytest.mark.parametrize(
    "change",
    [
        {"training": {"optimizer": "sgd(0.1, momentum=0.9, fan_in_scaling=true)"}},
        {"training": {"optimizer": "sgd(0.1)"}},
        {"training": {"optimizer": "sgd(0.1, nesterov=true, fan_in_scaling=true)"}},
        {"training": {"schedule": "constant(warmup=0.1)"}},
        {"training": {"batch": "all"}},
    ],
)
def test_one_change_gives_one_reason(change: dict[str, Any]) -> None:
    assert len(unsupported_reasons("replica", changed(preset("blog-2012"), change))) == 1


def test_seeds_of_any_sign_are_passed_to_java_unchanged() -> None:
    def weights(recipe: Recipe) -> NDArray[np.float64]:
        task = Task(recipe, np.array([[0.5, 1.0]]), np.array([[0.1, 0.2, 0.3]]), nn.Identity(), threads=1)
        return Replica(task).state()["weights"]

    recipe = changed(preset("blog-2012"), {"model": {"depth": 1, "width": 5}})
    # java.util.Random uses the low 48 bits of its seed.
    same = weights(changed(recipe, {"seed": -1})), weights(changed(recipe, {"seed": 2**48 - 1}))
    np.testing.assert_array_equal(*same)
    assert not np.array_equal(same[0], weights(changed(recipe, {"seed": 1})))
