"""Multiplicative filter networks and BACON, against NumPy, plain PyTorch loops, and the papers' numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import stats
from torch import Tensor, nn

from sfumato import models
from sfumato.errors import RecipeError
from sfumato.models.filter_network import FilterNetwork, GaborFilter
from sfumato.recipe import Coordinates, Model, Recipe, changed, choices
from sfumato.render import neurons
from sfumato.training.engines.autograd import Autograd
from sfumato.training.engines.engine import Task
from sfumato.training.optimizers import build
from sfumato.training.optimizers.parameters import hidden_linear, hidden_matrices

Array = NDArray[np.float64]
CONNECTIVITIES = [
    "multiplicative_filter(input_scale=9)",
    "multiplicative_filter(gabor, input_scale=9)",
    "bacon(sample_rate=16)",
    "bacon(sample_rate=16, outputs=last)",
]
SAME_LAW = 0.01
"""Smallest probability of a difference from the expected distribution, in the Kolmogorov-Smirnov test."""


def network(connectivity: str, width: tuple[int, ...] = (7, 6, 5, 4), **changes: Any) -> FilterNetwork:
    model = Model.of({"width": width, "connectivity": connectivity, **changes.pop("model", {})})
    built = models.network(model, 3, seed=2, dtype=torch.float64, **changes)
    assert isinstance(built, FilterNetwork)
    return built


def filters_of(state: dict[str, Array], number: int, x: Array) -> Array:
    values = np.sin(x @ state[f"filters.{number}.linear.weight"].T + state[f"filters.{number}.linear.bias"])
    if f"filters.{number}.center" not in state:
        return values
    distances = x[:, np.newaxis] - state[f"filters.{number}.center"]
    return values * np.exp(-state[f"filters.{number}.gamma"] / 2 * np.square(distances).sum(axis=2))


def state_of(network: nn.Module) -> dict[str, Array]:
    return {name: tensor.numpy() for name, tensor in network.state_dict().items()}


@pytest.mark.parametrize("output", ["linear", "sigmoid"])
@pytest.mark.parametrize("encoding", ["none", "positional(3)"])
@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
def test_outputs_match_numpy(connectivity: str, encoding: str, output: str) -> None:
    if connectivity.startswith("bacon") and encoding != "none":
        return
    found = network(connectivity, model={"encoding": encoding, "output_activation": output})
    x = np.random.default_rng(1).uniform(-1, 1, (50, 2))
    features, state = found.encode(torch.from_numpy(x)).numpy(), state_of(found)
    z, scales = filters_of(state, 0, features), []
    for number in range(1, 4):
        z = (z @ state[f"layers.{number - 1}.weight"].T + state[f"layers.{number - 1}.bias"]) * filters_of(
            state, number, features
        )
        head = "layers.3" if number == 3 else f"heads.{number - 1}"
        if f"{head}.weight" in state:
            scales.append(z @ state[f"{head}.weight"].T + state[f"{head}.bias"])
        hidden = found.hidden(torch.from_numpy(x), number).outputs.detach().numpy()
        np.testing.assert_allclose(hidden, z, rtol=1e-9, atol=1e-12)
    assert len(scales) == (3 if connectivity == "bacon(sample_rate=16)" else 1)
    expected = 1 / (1 + np.exp(-np.array(scales))) if output == "sigmoid" else np.array(scales)
    points = torch.from_numpy(x)
    np.testing.assert_allclose(found(points, all_scales=True).detach().numpy(), expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(models.outputs(found, x), expected[-1], rtol=1e-9, atol=1e-12)


def uniform_within(bound: float, values: Array) -> bool:
    """Return whether values are likely uniform within a bound, which none exceeds."""
    flat = values.reshape(-1)
    return bool(np.abs(flat).max() <= bound) and stats.kstest(flat, stats.uniform(-bound, 2 * bound).cdf)[1] > SAME_LAW


@pytest.mark.parametrize("kind", ["fourier", "gabor"])
def test_multiplicative_filter_networks_start_as_the_authors_do(kind: str) -> None:
    # Their default: n_layers=3, that is 4 filters, input_scale=256, weight_scale=1, alpha=6, beta=1.
    found = network(f"multiplicative_filter({kind}, weight_scale=0.5, beta=2)", (400,) * 4)
    for module in found.filters:
        linear = module.get_submodule("linear")
        assert isinstance(linear, nn.Linear)
        weights = linear.weight.detach().numpy()
        if isinstance(module, GaborFilter):
            gamma = module.gamma.detach().numpy()
            assert stats.kstest(gamma, stats.gamma(6 / 4, scale=1 / 2).cdf)[1] > SAME_LAW
            assert uniform_within(1, module.center.detach().numpy())
            weights = weights / np.sqrt(gamma)[:, np.newaxis]
        # nn.Linear's weights are within 1 / sqrt(2), times 256 / sqrt(4).
        assert uniform_within(128 / math.sqrt(2), weights)
        assert uniform_within(math.pi, linear.bias.detach().numpy())
    *hidden, last = found.linear_layers()[1:]
    for layer in hidden:
        assert uniform_within(math.sqrt(0.5 / 400), layer.weight.detach().numpy())
    for layer in (*hidden, last):
        assert uniform_within(1 / 20, layer.bias.detach().numpy())
    assert uniform_within(1 / 20, last.weight.detach().numpy())


def test_gabor_centers_are_in_the_range_of_coordinates() -> None:
    first = network("multiplicative_filter(gabor)", (400,), coordinates=Coordinates(range="unit")).filters[0]
    assert isinstance(first, GaborFilter)
    assert uniform_within(0.5, first.center.detach().numpy() - 0.5)


def test_bacon_starts_as_the_authors_do() -> None:
    # The authors' picture experiment: 5 filters with an eighth or a quarter of the bandwidth, 256 / 2 cycles.
    assert choices.BACON(shares="growing").cycles(5) == [16, 16, 32, 32, 32]
    assert choices.BACON().cycles(4) == [32] * 4
    found = network("bacon(shares=growing)", (400,) * 5)
    for module, cycles in zip(found.filters, [16, 16, 32, 32, 32], strict=True):
        linear = module.get_submodule("linear")
        assert isinstance(linear, nn.Linear)
        # Cycles over the range of coordinates, which has length 2.
        drawn = linear.weight.detach().numpy() * 2 / (2 * math.pi)
        np.testing.assert_allclose(drawn, drawn.round(), atol=1e-9)
        values, counts = np.unique(drawn.round(), return_counts=True)
        assert values.tolist() == list(range(-cycles, cycles + 1))
        assert stats.chisquare(counts)[1] > SAME_LAW
        assert uniform_within(math.pi, linear.bias.detach().numpy())
        assert not linear.weight.requires_grad
        assert linear.bias.requires_grad
    for layer in (*found.linear_layers()[1:], *found.heads):
        assert isinstance(layer, nn.Linear)
        assert uniform_within(math.sqrt(6 / 400), layer.weight.detach().numpy())
        assert uniform_within(1 / 20, layer.bias.detach().numpy())


@pytest.mark.parametrize("coordinates", [Coordinates(range="unit"), Coordinates(range="signed")], ids=str)
def test_outputs_of_bacon_are_band_limited(coordinates: Coordinates) -> None:
    found = network("bacon(sample_rate=24)", (20,) * 4, coordinates=coordinates)
    # 32 samples of one period along each axis: without the end, which is the start of the next.
    side = 32
    low, high = models.ranges(coordinates)[0]
    axis = low + (high - low) * np.arange(side) / side
    points = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    scales = found(torch.from_numpy(points), all_scales=True).detach().numpy().reshape(3, side, side, 3)
    frequencies = np.abs(np.fft.fftfreq(side, 1 / side))
    largest = np.maximum.outer(frequencies, frequencies)
    for output, limit in zip(scales, (6, 9, 12), strict=True):
        spectrum = np.abs(np.fft.fft2(output, axes=(0, 1))).max(axis=2)
        assert spectrum[largest > limit].max() < 1e-9 * spectrum.max()
        assert spectrum[largest == limit].max() > 1e-6 * spectrum.max()


def by_hand(found: FilterNetwork, x: Tensor) -> list[Tensor]:
    """Return the outputs of all scales, coarsest first, from the parameters alone."""
    p = dict(found.named_parameters())

    def filtered(number: int) -> Tensor:
        wave = torch.sin(x @ p[f"filters.{number}.linear.weight"].T + p[f"filters.{number}.linear.bias"])
        if f"filters.{number}.center" not in p:
            return wave
        distances = x[:, None] - p[f"filters.{number}.center"]
        return wave * torch.exp(-0.5 * p[f"filters.{number}.gamma"] * distances.square().sum(2))

    z, outputs = filtered(0), []
    for number in range(1, len(found.filters)):
        z = filtered(number) * (z @ p[f"layers.{number - 1}.weight"].T + p[f"layers.{number - 1}.bias"])
        if number - 1 < len(found.heads):
            outputs.append(z @ p[f"heads.{number - 1}.weight"].T + p[f"heads.{number - 1}.bias"])
    last = len(found.filters) - 1
    return [*outputs, z @ p[f"layers.{last}.weight"].T + p[f"layers.{last}.bias"]]


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
def test_training_is_that_of_a_plain_loop_of_pytorch(connectivity: str, threads: int) -> None:
    recipe = changed(
        Recipe(),
        {
            "model": {"width": (7, 6, 5, 4), "connectivity": connectivity},
            "training": {"batch": 130, "optimizer": "adam(lr=0.01)", "schedule": "constant"},
            "dtype": "float64",
            "device": "cpu",
        },
    )
    random = np.random.default_rng(2)
    x, y = random.uniform(-1, 1, (400, 2)), random.uniform(0, 1, (400, 3))
    pixels = random.integers(0, 400, 10 * 130)
    engine = Autograd(Task(recipe, x, y, network(connectivity), threads))
    engine.advance(pixels, np.ones(10))
    plain = network(connectivity)
    before = {name: values.copy() for name, values in state_of(plain).items()}
    trained = [parameter for parameter in plain.parameters() if parameter.requires_grad]
    adam = torch.optim.Adam(trained, lr=0.01)
    for batch in pixels.reshape(10, 130):
        targets = torch.from_numpy(y[batch])
        # Half the squared error, summed over channels, averaged over samples and scales.
        errors = [(each - targets).square().sum(1).mean() / 2 for each in by_hand(plain, torch.from_numpy(x[batch]))]
        adam.zero_grad()
        (sum(errors[1:], errors[0]) / len(errors)).backward()
        adam.step()
    for name, values in engine.weights().items():
        np.testing.assert_allclose(values, state_of(plain)[name], rtol=1e-7, atol=1e-10)
        fixed = "bacon" in connectivity and name.endswith("linear.weight")
        assert np.array_equal(values, before[name]) == fixed


@pytest.mark.parametrize("optimizer", ["adam(lr=0.01)", "foof", "muon", "soap", "kfac", "lbfgs", "adamw"])
@pytest.mark.parametrize("connectivity", CONNECTIVITIES[1:3])
def test_resumes_to_the_same_bits(connectivity: str, optimizer: str) -> None:
    recipe = changed(
        Recipe(),
        {
            "model": {"width": (7, 6, 5, 4), "connectivity": connectivity},
            "training": {"batch": 50, "optimizer": optimizer},
            "dtype": "float64",
            "device": "cpu",
        },
    )
    random = np.random.default_rng(2)
    x, y, pixels = random.uniform(-1, 1, (60, 2)), random.uniform(0, 1, (60, 3)), random.integers(0, 60, 400)
    first, second = (Autograd(Task(recipe, x, y, network(connectivity), 1)) for _ in range(2))
    start = first.weights()
    first.advance(pixels[:200], np.ones(4))
    second.load(first.state())
    for engine in (first, second):
        engine.advance(pixels[200:], np.ones(4))
    for name, values in first.weights().items():
        np.testing.assert_array_equal(second.weights()[name], values)
        assert np.isfinite(values).all()
        fixed = "bacon" in connectivity and name.endswith("linear.weight")
        assert np.array_equal(values, start[name]) == fixed


def test_hidden_matrices_are_those_between_filters() -> None:
    found = network("multiplicative_filter")
    matrices = [found.layers[number].get_parameter("weight") for number in range(3)]
    assert [id(each) for each in hidden_matrices(found)] == [id(each) for each in matrices]
    assert [id(each.weight) for each in hidden_linear(found)] == [id(each) for each in matrices]


def test_kfac_preconditions_the_outputs_of_all_scales() -> None:
    found = network("bacon(sample_rate=16)")
    optimizer = build(choices.KFAC(), found)
    x = torch.from_numpy(np.random.default_rng(1).uniform(-1, 1, (50, 2)))
    found(x, all_scales=True).square().sum().backward()
    optimizer.step()
    preconditioned = {id(each) for each, state in optimizer.state.items() if "inputs" in state}
    linear = [*found.linear_layers()[1:], *found.heads]
    assert preconditioned == {id(layer.get_parameter("weight")) for layer in linear}


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
def test_shapes_are_those_of_the_state(connectivity: str) -> None:
    model = Model.of({"width": (7, 6, 5, 4), "connectivity": connectivity})
    expected = {name: tuple(tensor.shape) for name, tensor in network(connectivity).state_dict().items()}
    assert models.shapes(model, 3) == expected


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
def test_pictures_of_units_are_their_outputs(connectivity: str) -> None:
    found = network(connectivity)
    layer = neurons.layer(found, Coordinates(), 2, (5, 4))
    points = models.grid(Coordinates(), 5, 4)
    state = state_of(found)
    linear = filters_of(state, 0, points) @ state["layers.0.weight"].T + state["layers.0.bias"]
    expected = (linear * filters_of(state, 1, points)).T.reshape(6, 5, 4)
    np.testing.assert_allclose(layer.outputs, expected, atol=1e-6)
    norms = np.linalg.norm(state["layers.1.weight"], axis=0)
    np.testing.assert_allclose(layer.importance, np.abs(expected).mean(axis=(1, 2)) * norms, rtol=1e-5)
    assert not layer.dead.any()


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({"activation": "relu"}, r"activation leaky_relu.* with connectivity bacon.* Got relu\."),
        ({"init": "lsuv"}, r"init random_hyperplanes.* Got lsuv.*"),
        ({"normalization": "weight"}, r"normalization none.* Got weight\."),
        ({"biases": False}, r"biases true.* Got false\."),
        ({"encoding": "fourier"}, r"encoding none.* Got fourier.*"),
        ({"depth": 0}, r"depth 1 or more for connectivity bacon\. Got depth 0\."),
        ({"depth": 300}, r"at least 1 cycle per layer\. Got bacon.* with depth 300\."),
    ],
)
def test_fields_that_would_be_ignored_are_refused(model: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=f"model must have .*{message}"):
        changed(Recipe(), {"model": {"connectivity": "bacon", **model}})
    assert Model.of({"connectivity": "bacon", "activation": "leaky_relu"}) == Model.of({"connectivity": "bacon"})
