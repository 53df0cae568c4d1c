"""Every encoding without trained parameters against its formula, written out here in NumPy or from its definition."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import integrate

from sfumato.models import encodings
from sfumato.recipe import choices
from sfumato.recipe.choices import Encoding

Floats = NDArray[np.float64]
ENDS = (-1.0, 1.0)


def sines(x: Floats, angles: Floats) -> Floats:
    """Return cos and sin of x times each angle, input by input."""
    columns = [function(column * each) for column in x.T for function in (np.cos, np.sin) for each in angles]
    return np.stack(columns, axis=1)


def nerf(x: Floats) -> Floats:
    """Return equation 4 of Mildenhall et al. (2020) with L = 3, and the inputs, as their code does by default."""
    return np.hstack([_per_input(x[:, [d]]) for d in range(x.shape[1])])


def _per_input(x: Floats) -> Floats:
    return np.hstack([f(2.0**k * math.pi * x) for f in (np.cos, np.sin) for k in range(3)])


def log_linear(x: Floats) -> Floats:
    """Return the features of the notebook 2d_image_regression of Tancik et al. (2020), where scale is 5 and m is 4."""
    cycles = 2.0 ** np.linspace(0, 5, 4) - 1
    return sines(x, 2 * math.pi * cycles)


def gaussian_blob(x: Floats) -> Floats:
    """Integrate a Gaussian of standard deviation 1/4 around each input, mapped to 0 to 1, over four bins."""
    unit = (x - ENDS[0]) / (ENDS[1] - ENDS[0])
    return np.array([[_integral(u, b, _gaussian) for u in row for b in range(4)] for row in unit])


def quartic_blob(x: Floats) -> Floats:
    """Integrate tiny-cuda-nn's quartic kernel around each input and its two images one period away."""
    unit = (x - ENDS[0]) / (ENDS[1] - ENDS[0])
    images = (-1, 0, 1)
    return np.array(
        [[sum(_integral(u + i, b, _quartic) for i in images) for u in row for b in range(4)] for row in unit]
    )


def _integral(center: float, number: int, density: Callable[[float], float]) -> float:
    # In pieces, because the quartic kernel is zero beyond 1/4 from its center.
    ends = [number / 4, (number + 1) / 4]
    kinks = [k for k in (center - 0.25, center, center + 0.25) if ends[0] < k < ends[1]]
    bounds = [ends[0], *kinks, ends[1]]
    return sum(
        integrate.quad(lambda t: 4 * density(4 * (t - center)), low, high, epsabs=1e-13)[0]
        for low, high in itertools.pairwise(bounds)
    )


def _gaussian(u: float) -> float:
    return math.exp(-u * u / 2) / math.sqrt(2 * math.pi)


def _quartic(u: float) -> float:
    return 15 / 16 * (1 - u * u) ** 2 if abs(u) < 1 else 0.0


def triangles(x: Floats) -> Floats:
    """Return waves with corners (0, 1) and (1/2, -1) in their cycle, whose octave k starts k quarters later."""
    corners, heights = [0.0, 0.5, 1.0], [1.0, -1.0, 1.0]
    cycles = [2.0 ** (k - 1) * column + 0.25 * k for column in x.T for k in range(5)]
    return np.stack([np.interp(each % 1, corners, heights) for each in cycles], axis=1)


FORMULAS: dict[str, Callable[[Floats], Floats]] = {
    "none": lambda x: x,
    "basic": lambda x: sines(x, np.array([2 * math.pi])),
    "basic(include_inputs=true)": lambda x: np.hstack([x, sines(x, np.array([2 * math.pi]))]),
    "positional(frequencies=3)": nerf,
    "positional(frequencies=3, include_inputs=true)": lambda x: np.hstack([x, nerf(x)]),
    "positional(frequencies=4, scale=5)": log_linear,
    "positional(frequencies=1, scale=5)": lambda x: sines(x, np.zeros(1)),
    "one_blob(4)": gaussian_blob,
    "one_blob(4, include_inputs=true)": lambda x: np.hstack([x, gaussian_blob(x)]),
    "one_blob(4, kernel=quartic)": quartic_blob,
    "triangle_wave(5)": triangles,
    "triangle_wave(5, include_inputs=true)": lambda x: np.hstack([x, triangles(x)]),
}


@pytest.mark.parametrize("text", FORMULAS)
def test_features_equal_the_formula(text: str) -> None:
    x = np.random.default_rng(4).uniform(*ENDS, (40, 3))
    module = encodings.build(Encoding.parse(text), 3, np.random.default_rng(0), ENDS)
    found = module.double()(torch.from_numpy(x)).numpy()
    expected = FORMULAS[text](x)
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)
    np.testing.assert_allclose(module.float()(torch.from_numpy(x).float()).numpy(), expected, rtol=0, atol=1e-4)


def test_every_encoding_has_a_formula_here_or_a_test_of_its_own() -> None:
    elsewhere = {"fourier"}
    untrained = {name for name, member in Encoding.members.items() if not member.trainable}
    assert {Encoding.parse(text).name for text in FORMULAS} == untrained - elsewhere


def test_a_one_blob_adds_up_to_one_inside_the_range() -> None:
    x = torch.linspace(-1, 1, 21, dtype=torch.float64).unsqueeze(1)
    for text, where in (("one_blob(16, kernel=quartic)", slice(None)), ("one_blob(16)", slice(7, 14))):
        module = encodings.build(Encoding.parse(text), 1, np.random.default_rng(0), ENDS)
        np.testing.assert_allclose(module(x).sum(dim=1).numpy()[where], 1, atol=1e-6)


def test_any_number_of_octaves_is_finite() -> None:
    module = encodings.build(choices.Positional(frequencies=1024), 2, np.random.default_rng(0), ENDS).float()
    assert torch.isfinite(module(torch.tensor([[0.3, -1.0]]))).all()


@pytest.mark.parametrize("text", ["positional(10)", "positional(128, scale=6)", "one_blob(32)", "triangle_wave(12)"])
def test_the_smoother_variant_varies_less(text: str) -> None:
    choice = Encoding.parse(text)
    smoother = choice.smoother()
    assert smoother is not None
    x = torch.linspace(-1, 1, 4001, dtype=torch.float64).unsqueeze(1)

    def steepest(each: Encoding) -> float:
        values = encodings.build(each, 1, np.random.default_rng(0), ENDS)(x)
        return float((values[1:] - values[:-1]).abs().max())

    assert steepest(smoother) < 0.7 * steepest(choice)
    while (smoother := choice.smoother()) is not None:
        choice = smoother
