"""Kolmogorov-Arnold networks against SciPy's splines, NumPy's polynomials, and the sums written out."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.polynomial import chebyshev
from scipy.interpolate import BSpline

from sfumato.models import network as build
from sfumato.models.kan import KAN, ChebyshevBasis, SplineBasis
from sfumato.recipe import Coordinates, Model, choices


@pytest.mark.parametrize(("grid", "degree", "end"), [(8, 3, 1.0), (5, 0, 2.0), (1, 2, 0.5), (3, 1, 1.0)])
def test_splines_are_scipys(grid: int, degree: int, end: float) -> None:
    step = 2 * end / grid
    knots = -end + step * np.arange(-degree, grid + degree + 1)
    x = np.random.default_rng(1).uniform(-end, end, (50, 2))
    found = SplineBasis(grid, degree, end).double()(torch.from_numpy(x)).numpy().reshape(50, 2, -1)
    assert found.shape[2] == grid + degree + 1
    np.testing.assert_allclose(found[:, :, 0], x / (1 + np.exp(-x)), rtol=0, atol=1e-12)
    for number in range(grid + degree):
        coefficients = np.eye(grid + degree)[number]
        expected = BSpline(knots, coefficients, degree)(x)
        np.testing.assert_allclose(found[:, :, number + 1], expected, rtol=0, atol=1e-10)
    # They add up to 1 on the range, and vanish far outside.
    np.testing.assert_allclose(found[:, :, 1:].sum(axis=2), 1, rtol=0, atol=1e-10)
    far = SplineBasis(grid, degree, end).double()(torch.tensor([[9.0, -9.0]], dtype=torch.float64)).reshape(1, 2, -1)
    assert (far[:, :, 1:] == 0).all()


@pytest.mark.parametrize("degree", [1, 2, 9])
def test_polynomials_are_numpys(degree: int) -> None:
    x = np.random.default_rng(1).normal(0, 1, (40, 3))
    found = ChebyshevBasis(degree)(torch.from_numpy(x)).numpy().reshape(40, 3, -1)
    np.testing.assert_allclose(found, chebyshev.chebvander(np.tanh(x), degree), rtol=0, atol=1e-12)


def test_a_network_is_the_sum_of_functions_of_each_input() -> None:
    model = Model.of({"connectivity": "kan_chebyshev(degree=3)", "width": (4, 2)})
    network = build(model, 3, 1, torch.float64)
    assert isinstance(network, KAN)
    x = np.random.default_rng(2).uniform(-1, 1, (6, 2))
    values = x
    for layer in network.linear_layers():
        c = layer.weight.detach().numpy().reshape(layer.out_features, -1, 4)
        values = np.array(
            [
                [
                    sum(chebyshev.chebval(math.tanh(row[i]), c[j, i]) for i in range(len(row)))
                    for j in range(layer.out_features)
                ]
                for row in values
            ]
        )
    found = network(torch.from_numpy(x)).detach().numpy()
    assert np.abs(values).max() > 0.05
    np.testing.assert_allclose(found, values, rtol=0, atol=1e-12)


def test_the_weights_of_a_unit_in_the_layer_above_are_its_coefficients() -> None:
    network = build(Model.of({"connectivity": "kan_spline(grid=2, degree=1)", "width": (5, 3)}), 3, 1)
    assert isinstance(network, KAN)
    weight = network.linear_layers()[1].weight
    outgoing = network.outgoing_weights(0)
    assert outgoing.shape == (3 * 4, 5)
    # Unit 2 of the first layer: its four coefficients in each of the three units above.
    assert outgoing[:, 2].tolist() == weight[:, 8:12].flatten().tolist()


def test_initial_coefficients() -> None:
    splines = build(Model.of({"connectivity": "kan_spline(grid=20, noise=0.5)", "width": (64, 300)}), 3, 1)
    weight = splines.linear_layers()[1].weight.detach().unflatten(1, (64, -1))
    assert weight[:, :, 1:].std().item() == pytest.approx(0.5 / 8, rel=0.02)
    assert 0.99 / 8 < weight[:, :, 0].abs().max().item() <= 1 / 8
    polynomials = build(Model.of({"connectivity": "kan_chebyshev(degree=4)", "width": (64, 300)}), 3, 1)
    assert polynomials.linear_layers()[1].weight.std().item() == pytest.approx(1 / math.sqrt(64 * 5), rel=0.02)


def test_fields_without_a_meaning_are_refused() -> None:
    for field, value in {"activation": "tanh", "init": "he", "biases": False, "normalization": "layer"}.items():
        with pytest.raises(Exception, match=f"must have {field} .*, its default, with connectivity kan_spline"):
            Model.of({"connectivity": "kan_spline", field: value})


def test_coordinates_fill_the_range_of_the_splines() -> None:
    # The default range of coordinates is that of the first layer's splines.
    assert Coordinates().range == "signed"
    assert choices.KANSpline().range == 1
