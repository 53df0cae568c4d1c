"""Inputs and outputs of the network, against NumPy written out here."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from sfumato.models import DTYPES, grid, outputs
from sfumato.models import mlp as build
from sfumato.models.encodings.fourier import FourierFeatures
from sfumato.models.outputs import TILE
from sfumato.recipe import Coordinates, Model, choices


@pytest.mark.parametrize("output", ["linear", "sigmoid"])
@pytest.mark.parametrize("biases", [True, False])
def test_forward_matches_numpy(output: str, biases: bool) -> None:
    recipe = Model.of({"depth": 3, "width": 7, "activation": "tanh", "output_activation": output, "biases": biases})
    mlp = build(recipe, 3, seed=2, dtype=torch.float64)
    x = np.random.default_rng(1).uniform(-1, 1, (50, 2))
    found = outputs(mlp, x)
    for layer in mlp.linear_layers():
        x = x @ layer.weight.detach().numpy().T + (layer.bias.detach().numpy() if biases else 0)
        if layer is not mlp.layers[-1]:
            x = np.tanh(x)
    expected = 1 / (1 + np.exp(-x)) if output == "sigmoid" else x
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert np.abs(expected).max() > 0.05


def test_an_activation_for_every_layer_matches_numpy() -> None:
    recipe = Model.of({"depth": 3, "width": 7, "activation": "sine(4, first_omega=9),tanh,silu", "init": "gaussian(1)"})
    mlp = build(recipe, 3, seed=2, dtype=torch.float64)
    x = np.random.default_rng(1).uniform(-1, 1, (50, 2))
    found = outputs(mlp, x)
    functions = (lambda z: np.sin(9 * z), np.tanh, lambda z: z / (1 + np.exp(-z)), lambda z: z)
    for layer, function in zip(mlp.linear_layers(), functions, strict=True):
        x = function(x @ layer.weight.detach().numpy().T + layer.bias.detach().numpy())
    np.testing.assert_allclose(found, x, rtol=1e-12)


def test_siren_with_another_first_frequency() -> None:
    # As in the authors' code: first_omega_0 is in the first layer's sine alone, hidden_omega_0 in the rest's and in the
    # bounds of their weights.
    recipe = Model.of({"depth": 3, "width": 200, "activation": "sine(10, first_omega=50)", "init": "siren(10)"})
    mlp = build(recipe, 3, seed=2, dtype=torch.float64)
    bounds = [float(layer.weight.detach().abs().max()) for layer in mlp.linear_layers()]
    assert bounds == pytest.approx([1 / 2, *(math.sqrt(6 / 200) / 10,) * 3], rel=0.02)
    x = np.random.default_rng(1).uniform(-1, 1, (50, 2))
    found = outputs(mlp, x)
    for layer, omega in zip(mlp.linear_layers(), (50, 10, 10, None), strict=True):
        x = x @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()
        x = x if omega is None else np.sin(omega * x)
    np.testing.assert_allclose(found, x, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("encoding", ["none", "fourier(sigma=1, features=6)"])
def test_connectivities_match_numpy(encoding: str) -> None:
    model = {"depth": 4, "width": 7, "activation": "tanh", "encoding": encoding, "init": "gaussian(1)"}
    x = np.random.default_rng(1).uniform(-1, 1, (50, 2))

    def build_and_run(connectivity: str) -> tuple[np.ndarray, np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
        mlp = build(Model.of({**model, "connectivity": connectivity}), 3, seed=2, dtype=torch.float64)
        layers = [(layer.weight.detach().numpy(), layer.bias.detach().numpy()) for layer in mlp.linear_layers()]
        return outputs(mlp, x), mlp.encode(torch.from_numpy(x)).numpy(), layers

    found, features, ((w0, b0), *middle, (w4, b4)) = build_and_run("residual")
    h = np.tanh(features @ w0.T + b0)
    for w, b in middle:
        h = h + np.tanh(h @ w.T + b)
    np.testing.assert_allclose(found, h @ w4.T + b4, rtol=1e-9, atol=1e-12)
    # The default of four layers is the third, the first one after the middle.
    for connectivity, concat_layer in (("skip", 2), ("skip(2)", 1), ("skip(layer=4)", 3)):
        found, features, (*hidden, (w4, b4)) = build_and_run(connectivity)
        h = features
        for number, (w, b) in enumerate(hidden):
            h = np.tanh((np.hstack([h, features]) if number == concat_layer else h) @ w.T + b)
        np.testing.assert_allclose(found, h @ w4.T + b4, rtol=1e-9, atol=1e-12)


def test_dense_connections_match_numpy() -> None:
    model = {"width": (7, 6, 5), "activation": "tanh", "init": "gaussian(1)", "connectivity": "dense"}
    mlp = build(Model.of({**model, "encoding": "fourier(sigma=1, features=4)"}), 3, seed=2, dtype=torch.float64)
    x = np.random.default_rng(1).uniform(-1, 1, (50, 2))
    features = mlp.encode(torch.from_numpy(x)).numpy()
    ((w0, b0), (w1, b1), (w2, b2), (w3, b3)) = (
        (layer.weight.detach().numpy(), layer.bias.detach().numpy()) for layer in mlp.linear_layers()
    )
    h0 = np.tanh(features @ w0.T + b0)
    h1 = np.tanh(h0 @ w1[:, :7].T + features @ w1[:, 7:].T + b1)
    h2 = np.tanh(h1 @ w2[:, :6].T + h0 @ w2[:, 6:13].T + features @ w2[:, 13:].T + b2)
    expected = h2 @ w3[:, :5].T + h1 @ w3[:, 5:11].T + h0 @ w3[:, 11:18].T + features @ w3[:, 18:].T + b3
    np.testing.assert_allclose(outputs(mlp, x), expected, rtol=1e-9, atol=1e-12)
    outgoing = [np.vstack([w1[:, :7], w2[:, 6:13], w3[:, 11:18]]), np.vstack([w2[:, :6], w3[:, 5:11]]), w3[:, :5]]
    for number, weights in enumerate(outgoing):
        np.testing.assert_array_equal(mlp.outgoing_weights(number).detach().numpy(), weights)


@pytest.mark.parametrize("connectivity", ["plain", "residual", "skip"])
def test_outgoing_weights_of_a_chain_are_those_of_the_layer_above(connectivity: str) -> None:
    mlp = build(Model.of({"depth": 3, "width": 4, "connectivity": connectivity}), 3, seed=2)
    for number, above in enumerate(mlp.linear_layers()[1:]):
        np.testing.assert_array_equal(mlp.outgoing_weights(number).tolist(), above.weight[:, :4].tolist())


@pytest.mark.parametrize(("width", "shapes"), [(5, [(2, 5), (5, 5), (5, 4)]), ((6, 3), [(2, 6), (6, 3), (3, 4)])])
def test_shapes(width: int | tuple[int, ...], shapes: list[tuple[int, int]]) -> None:
    mlp = build(Model(depth=2, width=width), 4, seed=0)
    assert [(layer.in_features, layer.out_features) for layer in mlp.linear_layers()] == shapes


def test_no_hidden_layer_is_a_linear_map() -> None:
    mlp = build(Model(depth=0), 3, seed=0)
    assert [(layer.in_features, layer.out_features) for layer in mlp.linear_layers()] == [(2, 3)]


def test_fourier_features() -> None:
    frequencies = torch.tensor([[1.0, 0.5], [0.0, 2.0]], dtype=torch.float64)
    features = FourierFeatures(frequencies)(torch.tensor([[0.125, 0.25]], dtype=torch.float64))
    angles = [2 * math.pi * 0.125, 2 * math.pi * (0.0625 + 0.5)]
    expected = [math.cos(angles[0]), math.cos(angles[1]), math.sin(angles[0]), math.sin(angles[1])]
    assert features.tolist()[0] == pytest.approx(expected, abs=1e-12)
    both = FourierFeatures(frequencies, include_inputs=True)(torch.tensor([[0.125, 0.25]], dtype=torch.float64))
    assert both.tolist()[0] == pytest.approx([0.125, 0.25, *expected], abs=1e-12)
    mlp = build(Model(depth=1, encoding=choices.Fourier(sigma=3.0, features=512)), 3, seed=0)
    frequencies = mlp.encode.frequencies
    assert isinstance(frequencies, torch.Tensor)
    assert frequencies.shape == (2, 256)
    assert frequencies.std().item() == pytest.approx(3.0, rel=0.1)
    assert "encode.frequencies" in mlp.state_dict()
    with_inputs = build(Model(depth=1, encoding=choices.Fourier(include_inputs=True)), 3, seed=0)
    assert with_inputs.linear_layers()[0].in_features == 258
    # A recipe's text is that of before there was this field.
    assert str(choices.Fourier()) == "fourier(sigma=10.0, features=256)"
    assert "encode.frequencies" not in dict(mlp.named_parameters())


def test_outputs_do_not_depend_on_tiles() -> None:
    mlp = build(Model(depth=2, width=8), 3, seed=0, dtype=torch.float64)
    x = np.random.default_rng(1).uniform(0, 1, (2 * TILE + 7, 2))
    np.testing.assert_allclose(outputs(mlp, x)[[0, TILE, -1]], outputs(mlp, x[[0, TILE, -1]]), rtol=1e-12)
    assert outputs(mlp, x).shape == (2 * TILE + 7, 3)


def test_dtypes() -> None:
    for name, dtype in DTYPES.items():
        assert outputs(build(Model(depth=1, width=3), 1, 0, dtype), np.zeros((2, 2))).dtype == name


@pytest.mark.parametrize(
    ("coordinates", "rows"),
    [
        (Coordinates(range="unit", align_corners=True), [0, 0.5, 1]),
        (Coordinates(range="signed", align_corners=True), [-1, 0, 1]),
        (Coordinates(range="unit", align_corners=False), [1 / 6, 0.5, 5 / 6]),
        (Coordinates(range="signed", align_corners=False), [-2 / 3, 0, 2 / 3]),
    ],
)
def test_grid(coordinates: Coordinates, rows: list[float]) -> None:
    points = grid(coordinates, 3, 4)
    assert points.shape == (12, 2)
    assert points[::4, 0].tolist() == pytest.approx(rows)
    assert points[:4, 0].tolist() == pytest.approx([rows[0]] * 4)
    assert (np.diff(points[:4, 1]) > 0).all()


def test_unit_corners_are_the_2012_quotients_to_the_last_digit() -> None:
    points = grid(Coordinates(range="unit", align_corners=True), 429, 300)
    assert points[300 * 100 + 77].tolist() == [100 / 428, 77 / 299]
