"""Every initialization has the distribution of its source."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from sfumato.models import grid
from sfumato.models import mlp as build
from sfumato.models.initializations import LayerSpec
from sfumato.recipe import Coordinates, Model, choices
from sfumato.rng import rng_for

FAN_IN, FAN_OUT = 200, 300

CONSTANT = {"random_hyperplanes": 1.0, "lsuv": 0.0}
"""Constant inputs of a layer that give preactivations without variance."""


def layer_spec(fan_in: int, fan_out: int, *, first: bool = False, last: bool = False) -> LayerSpec:
    return LayerSpec(fan_in, fan_out, first, last, lambda random, count: random.standard_normal((count, fan_in)) + 0.5)


def drawn(choice: choices.Initialization, *, first: bool = False, last: bool = False) -> tuple[np.ndarray, np.ndarray]:
    layer = layer_spec(FAN_IN, FAN_OUT, first=first, last=last)
    return choice.implementation()(choice, layer, rng_for(1, "test"))


INITIALIZATIONS = [
    choices.Gaussian(scale=1.0),
    choices.He(),
    choices.Glorot(),
    choices.LeCun(),
    choices.Orthogonal(gain=1.5),
    choices.Siren(),
    choices.FinerInitialization(),
    choices.PyTorch(),
    choices.RandomHyperplanes(),
]


@pytest.mark.parametrize(
    ("choice", "deviation"),
    [
        (choices.Gaussian(scale=0.3), 0.3 / math.sqrt(FAN_IN + 1)),
        (choices.He(), math.sqrt(2 / FAN_IN)),
        (choices.He(distribution="uniform"), math.sqrt(2 / FAN_IN)),
        (choices.Glorot(), math.sqrt(2 / (FAN_IN + FAN_OUT))),
        (choices.Glorot(distribution="normal"), math.sqrt(2 / (FAN_IN + FAN_OUT))),
        (choices.Glorot(distribution="truncated_normal"), math.sqrt(2 / (FAN_IN + FAN_OUT))),
        (choices.LeCun(), math.sqrt(1 / FAN_IN)),
        (choices.Orthogonal(gain=1.5), 1.5 / math.sqrt(FAN_OUT)),
        (choices.Siren(omega=20.0), math.sqrt(6 / FAN_IN) / 20 / math.sqrt(3)),
        (choices.Siren(omega=20.0, weight_scale=2.5), 2.5 * math.sqrt(6 / FAN_IN) / 20 / math.sqrt(3)),
        (choices.FinerInitialization(omega=20.0), math.sqrt(6 / FAN_IN) / 20 / math.sqrt(3)),
        (choices.PyTorch(), math.sqrt(1 / 3 / FAN_IN)),
    ],
    ids=str,
)
def test_mean_and_deviation(choice: choices.Initialization, deviation: float) -> None:
    weights, biases = drawn(choice)
    assert weights.shape == (FAN_OUT, FAN_IN)
    assert biases.shape == (FAN_OUT,)
    # With 60,000 draws the standard deviation is within 1% of the distribution's, and the mean within 0.015 of it.
    assert weights.std() == pytest.approx(deviation, rel=0.015)
    assert abs(weights.mean()) < 0.015 * deviation


@pytest.mark.parametrize("choice", INITIALIZATIONS, ids=str)
def test_inputs_that_are_sums_get_smaller_weights(choice: choices.Initialization) -> None:
    # RandomHyperplanes measures the preactivations of hidden layers, so that only the output weights are divided.
    last = isinstance(choice, choices.RandomHyperplanes)
    one, four = (
        choice.implementation()(
            choice, dataclasses.replace(layer_spec(FAN_IN, FAN_OUT, last=last), terms=terms), rng_for(1, "test")
        )
        for terms in (1, 4)
    )
    np.testing.assert_allclose(four[0], one[0] / 2, rtol=1e-12)
    np.testing.assert_array_equal(four[1], one[1])


@pytest.mark.slow
@pytest.mark.parametrize("choice", [choices.Gaussian(), choices.Siren(), choices.RandomHyperplanes()], ids=str)
@pytest.mark.parametrize("connectivity", ["residual", "skip"])
def test_preactivations_of_deep_networks_keep_their_scale(connectivity: str, choice: choices.Initialization) -> None:
    activation = "sine(30)" if isinstance(choice, choices.Siren) else "tanh"
    model = {"depth": 10, "width": 100, "activation": activation, "init": str(choice)}
    points = torch.from_numpy(np.random.default_rng(1).uniform(-1, 1, (100, 2)))

    def deviations_of(connectivity: str) -> np.ndarray:
        mlp = build(Model.of({**model, "connectivity": connectivity}), 3, seed=0, dtype=torch.float64)
        with torch.inference_mode():
            return np.array([float(layer(mlp.inputs(points, k)).std()) for k, layer in enumerate(mlp.linear_layers())])

    deviations, plain = deviations_of(connectivity), deviations_of("plain")
    assert deviations[1:-1].max() < 1.7 * plain[1:-1].max()
    assert deviations[1:-1].min() > 0.6 * plain[1:-1].min()


def test_distributions_differ_in_their_tails() -> None:
    normal, _ = drawn(choices.He(distribution="normal"))
    uniform, _ = drawn(choices.He(distribution="uniform"))
    assert np.abs(normal).max() > 3.5 * math.sqrt(2 / FAN_IN)
    assert np.abs(uniform).max() <= math.sqrt(6 / FAN_IN)


def test_the_truncated_normal_distribution_is_that_of_scipy() -> None:
    weights, _ = drawn(choices.He(distribution="truncated_normal"))
    # The deviation of a normal distribution cut off at two of its deviations, as in JAX's variance_scaling.
    scaled = weights.ravel() / math.sqrt(2 / FAN_IN) * 0.87962566103423978
    assert np.abs(scaled).max() <= 2
    assert stats.kstest(scaled, stats.truncnorm(-2, 2).cdf).pvalue > 0.01


@pytest.mark.slow
def test_biases() -> None:
    for choice in (choices.He(), choices.Glorot(), choices.LeCun(), choices.Orthogonal()):
        assert not drawn(choice)[1].any()
    assert drawn(choices.Gaussian(scale=3.0))[1].std() == pytest.approx(3 / math.sqrt(FAN_IN + 1), rel=0.15)


UNIFORM = 1 / math.sqrt(3)
"""Standard deviation of a uniform distribution within +-1."""
_ROOT = 1 / math.sqrt(FAN_IN)


@pytest.mark.parametrize(
    ("choice", "first", "bound", "deviation"),
    [
        (choices.Siren(), False, _ROOT, UNIFORM * _ROOT),
        (choices.Siren(omega=20.0, bias="weights"), True, 1 / FAN_IN, UNIFORM / FAN_IN),
        (choices.Siren(omega=20.0, bias="weights"), False, math.sqrt(6) * _ROOT / 20, math.sqrt(2) * _ROOT / 20),
        (choices.Siren(bias=0.2), False, None, 0.2),
        (choices.FinerInitialization(bias_range=7.0), True, 7.0, 7 * UNIFORM),
        (choices.FinerInitialization(bias_range=7.0), False, _ROOT, UNIFORM * _ROOT),
        (choices.PyTorch(), False, _ROOT, UNIFORM * _ROOT),
        (choices.PyTorch(bias=0.2), False, None, 0.2),
        (choices.Gaussian(scale=3.0, bias=0.2), False, None, 0.2),
        (choices.Gaussian(scale=3.0, bias="fan_in"), False, _ROOT, UNIFORM * _ROOT),
        (choices.He(bias=0.2), False, None, 0.2),
        (choices.He(bias="weights"), False, None, math.sqrt(2) * _ROOT),
        (choices.LeCun(bias="fan_in"), False, _ROOT, UNIFORM * _ROOT),
        (choices.Glorot(bias="weights"), False, math.sqrt(6 / 500), math.sqrt(2 / 500)),
        (choices.Glorot(bias=0.2), False, None, 0.2),
    ],
    ids=str,
)
def test_distribution_of_biases(
    choice: choices.Initialization, first: bool, bound: float | None, deviation: float
) -> None:
    biases = drawn(choice, first=first)[1]
    # Of 300 biases.
    assert biases.std() == pytest.approx(deviation, rel=0.13)
    assert abs(biases.mean()) < 0.15 * deviation
    if bound is None:
        assert np.abs(biases).max() > 2.3 * deviation
    else:
        assert 0.97 * bound < np.abs(biases).max() <= bound


def test_weights_do_not_depend_on_the_distribution_of_biases() -> None:
    biases: list[choices.Bias] = ["fan_in", "weights", 0.0, 0.1]
    for kind in (choices.Gaussian, choices.He, choices.Glorot, choices.LeCun, choices.Siren, choices.PyTorch):
        weights = [drawn(kind(bias=bias))[0] for bias in biases]
        assert all(np.array_equal(weights[0], each) for each in weights[1:])


@pytest.mark.parametrize("choice", [choices.Siren(), choices.FinerInitialization()], ids=str)
def test_first_layer_of_sine_networks(choice: choices.Initialization) -> None:
    weights, _ = drawn(choice, first=True)
    assert 0.99 / FAN_IN < np.abs(weights).max() <= 1 / FAN_IN


def test_the_weight_scale_is_a_factor_of_all_layers_but_the_last() -> None:
    plain, scaled = choices.Siren(), choices.Siren(weight_scale=2.5)
    for first, last, factor in ((True, False, 2.5), (False, False, 2.5), (False, True, 1.0)):
        weights, biases = drawn(scaled, first=first, last=last)
        expected, same = drawn(plain, first=first, last=last)
        np.testing.assert_allclose(weights, factor * expected, rtol=1e-15)
        assert np.array_equal(biases, same)


def test_the_default_of_pytorch_has_its_distribution() -> None:
    torch.manual_seed(1)
    theirs = nn.Linear(FAN_IN, FAN_OUT)
    for ours, their in zip(drawn(choices.PyTorch()), theirs.parameters(), strict=True):
        assert ours.shape == their.shape
        # The two-sample Kolmogorov-Smirnov test.
        result = np.asarray(stats.ks_2samp(ours.reshape(-1), their.detach().numpy().reshape(-1)))
        assert result[1] > 0.01, "the probability of such a difference"


@pytest.mark.parametrize("coordinates", [Coordinates(range="unit"), Coordinates(range="signed")], ids=str)
@pytest.mark.parametrize("connectivity", ["plain", "skip", "dense"])
def test_lsuv_gives_all_layers_one_variance(connectivity: str, coordinates: Coordinates) -> None:
    model = {"depth": 8, "width": 50, "activation": "relu", "init": "lsuv(0.7)", "connectivity": connectivity}
    network = build(Model.of(model), 3, 4, torch.float64, coordinates)
    points = torch.from_numpy(grid(coordinates, 60, 60))
    for number, layer in enumerate(network.linear_layers()):
        with torch.no_grad():
            assert layer(network.inputs(points, number)).std() == pytest.approx(0.7, rel=0.1)
        weights = layer.weight.detach()
        products = weights @ weights.T if len(weights) <= weights.shape[1] else weights.T @ weights
        torch.testing.assert_close(products, products[0, 0] * torch.eye(len(products), dtype=torch.float64))
        assert not layer.bias.any()


@pytest.mark.parametrize(("fan_in", "fan_out"), [(20, 30), (30, 20), (25, 25)])
def test_orthogonal(fan_in: int, fan_out: int) -> None:
    choice = choices.Orthogonal(gain=2.0)
    weights, _ = choice.implementation()(choice, layer_spec(fan_in, fan_out), rng_for(1, "test"))
    small = weights @ weights.T if fan_out <= fan_in else weights.T @ weights
    np.testing.assert_allclose(small, 4 * np.eye(len(small)), atol=1e-12)


def test_networks_of_different_depth_share_layers() -> None:
    shallow = build(Model(depth=2, width=9), 3, seed=5)
    deep = build(Model(depth=4, width=9), 3, seed=5)
    pairs = [(shallow.layers[i], deep.layers[i]) for i in (0, 1, -1)]
    for a, b in pairs:
        assert isinstance(a, nn.Linear)
        assert isinstance(b, nn.Linear)
        assert torch.equal(a.weight, b.weight)
    assert not torch.equal(build(Model(width=9), 3, seed=6).linear_layers()[1].weight, deep.linear_layers()[1].weight)


def test_layers_have_different_weights() -> None:
    first, second, third, *_ = build(Model(depth=3, width=2, init=choices.He()), 2, seed=1).linear_layers()
    assert not torch.equal(first.weight, second.weight)
    assert not torch.equal(second.weight, third.weight)


def test_without_biases() -> None:
    first, *_ = build(Model(depth=1, biases=False, init=choices.Siren()), 3, seed=1).linear_layers()
    assert first.bias is None
    assert first.weight.abs().max() <= 0.5


@pytest.mark.parametrize(
    "coordinates", [Coordinates(range="unit"), Coordinates(range="signed"), Coordinates(aspect=3.0)], ids=str
)
def test_zero_lines_pass_through_the_picture(coordinates: Coordinates) -> None:
    model = Model(depth=3, width=200, init=choices.RandomHyperplanes(scale=7.0))
    network = build(model, 3, 4, torch.float64, coordinates)
    first, *hidden, last = network.linear_layers()
    np.testing.assert_allclose(first.weight.norm(dim=1).detach(), 7.0)
    points = torch.from_numpy(grid(coordinates, 40, 40))
    for number in range(3):
        with torch.no_grad():
            preactivations = network.linear_layers()[number](network.inputs(points, number))
        # The preactivations of a unit whose zero line misses the picture all have one sign.
        bent = ((preactivations.amax(dim=0) > 0) & (preactivations.amin(dim=0) < 0)).double().mean()
        assert bent > 0.97
        if number:
            assert preactivations.std() == pytest.approx(1, rel=0.1)
    assert len(hidden) == 2
    assert not last.bias.any()
    assert last.weight.detach().std() == pytest.approx(0.1 / math.sqrt(200), rel=0.1)


@pytest.mark.parametrize("choice", [choices.RandomHyperplanes(), choices.LSUV()], ids=str)
def test_weights_above_a_constant_layer_are_finite(choice: choices.Initialization) -> None:
    weights, biases = choice.implementation()(
        choice,
        LayerSpec(3, 4, first=False, last=False, inputs=lambda _, count: np.full((count, 3), CONSTANT[choice.name])),
        rng_for(1, ""),
    )
    assert np.isfinite(weights).all()
    assert weights.any()
    np.testing.assert_allclose(weights.sum(axis=1) * CONSTANT[choice.name], -biases)


@pytest.mark.parametrize("encoding", ["fourier(sigma=20)", "positional", "one_blob", "hash_grid", "dense_grid"])
@pytest.mark.parametrize("init", ["random_hyperplanes", "lsuv"])
def test_measured_layers_after_an_encoding_have_preactivations_of_standard_deviation_1(
    encoding: str, init: str
) -> None:
    recipe = Model.of({"encoding": encoding, "init": init, "width": 60, "depth": 3})
    network = build(recipe, 3, seed=1)
    count = 4000
    features = network.encode(torch.rand(count, 2, generator=torch.Generator().manual_seed(2)) * 2 - 1)
    if recipe.encoding.trainable:
        # Initial features are near 0; those of a trained grid are not.
        features = 0.1 * torch.randn(features.shape, generator=torch.Generator().manual_seed(3))
    for number, layer in enumerate(network.linear_layers()[:-1]):
        preactivations = layer(network.inputs_from(features, number))
        assert preactivations.std().item() == pytest.approx(1, rel=0.1), number
