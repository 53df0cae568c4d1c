"""Normalized networks, against NumPy written out here and PyTorch's own weight normalization."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from sfumato.errors import RecipeError
from sfumato.models import MLP, outputs
from sfumato.models import mlp as build
from sfumato.models.normalizations import WeightNormLinear, weights_of
from sfumato.recipe import Model
from sfumato.training.engines.compiled_outputs import outputs as compiled_outputs
from sfumato.training.health.layers import measure_layers

X = np.random.default_rng(1).uniform(-1, 1, (50, 2))


def network(normalization: str, **changes: object) -> MLP:
    """Return a network in float64 whose normalizations have random parameters."""
    model = {"width": (7, 6, 5), "activation": "tanh", "init": "gaussian(1)", "normalization": normalization}
    mlp = build(Model.of({**model, **changes}), 3, seed=2, dtype=torch.float64)
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, parameter in mlp.named_parameters():
            if "normalizations" in name or "gain" in name:
                parameter.copy_(torch.rand(parameter.shape, generator=generator, dtype=torch.float64) + 0.5)
    return mlp


@pytest.mark.parametrize("eps", [1e-5, 0.3])
def test_layer_normalization_matches_numpy(eps: float) -> None:
    mlp = network(f"layer(eps={eps})")
    state = {name: tensor.numpy() for name, tensor in mlp.state_dict().items()}
    h = X
    for k in range(3):
        z = h @ state[f"layers.{k}.weight"].T + state[f"layers.{k}.bias"]
        z = (z - z.mean(axis=1, keepdims=True)) / np.sqrt(z.var(axis=1, keepdims=True) + eps)
        h = np.tanh(state[f"normalizations.{k}.weight"] * z + state[f"normalizations.{k}.bias"])
    np.testing.assert_allclose(outputs(mlp, X), h @ state["layers.3.weight"].T + state["layers.3.bias"], rtol=1e-9)


def test_weight_normalization_is_pytorchs() -> None:
    mlp = network("weight")
    theirs: list[Any] = []
    for layer in mlp.linear_layers():
        assert isinstance(layer, WeightNormLinear)
        linear: Any = parametrizations.weight_norm(
            nn.Linear(layer.in_features, layer.out_features, dtype=torch.float64)
        )
        with torch.no_grad():
            linear.parametrizations.weight.original0.copy_(layer.gain.unsqueeze(1))
            linear.parametrizations.weight.original1.copy_(layer.weight)
            linear.bias.copy_(layer.bias)
        theirs += [linear, nn.Tanh()]
    x = torch.from_numpy(X)
    expected, found = nn.Sequential(*theirs[:-1])(x), mlp(x)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    expected.square().sum().backward()
    found.square().sum().backward()
    for ours, their in zip(mlp.linear_layers(), theirs[::2], strict=True):
        gain, direction = (getattr(their.parametrizations.weight, name).grad for name in ("original0", "original1"))
        torch.testing.assert_close(ours.get_parameter("gain").grad, gain[:, 0], rtol=1e-9, atol=1e-12)
        torch.testing.assert_close(ours.weight.grad, direction, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("init", ["gaussian(1)", "random_hyperplanes", "lsuv", "siren(30)"])
def test_weight_normalization_starts_from_the_weights_that_are_drawn(init: str) -> None:
    model = {"depth": 2, "width": 9, "init": init}
    plain, normalized = (
        build(Model.of({**model, "normalization": each}), 3, 4, torch.float64) for each in ("none", "weight")
    )
    for one, other in zip(plain.linear_layers(), normalized.linear_layers(), strict=True):
        torch.testing.assert_close(weights_of(other), weights_of(one), rtol=1e-12, atol=0)
    np.testing.assert_allclose(outputs(normalized, X), outputs(plain, X), rtol=1e-9)


def test_layer_normalization_starts_with_gain_1_and_bias_0() -> None:
    mlp = build(Model.of({"depth": 2, "width": 9, "normalization": "layer"}), 3, 4)
    assert [each.tolist() for each in mlp.normalizations.parameters()] == [[1.0] * 9, [0.0] * 9] * 2
    # Preactivations of every sample have mean 0 and variance 1, whatever the initialization.
    z = mlp.normalizations[1](mlp.layers[1](mlp.inputs(torch.from_numpy(X).float(), 1)))
    assert z.mean(dim=1).abs().max() < 1e-5
    assert z.std(dim=1, correction=0).tolist() == pytest.approx([1.0] * 50, rel=1e-3)


@pytest.mark.parametrize("connectivity", ["plain", "dense"])
@pytest.mark.parametrize("normalization", ["layer", "weight"])
def test_compiled_outputs_are_the_models(normalization: str, connectivity: str) -> None:
    mlp = network(normalization, connectivity=connectivity)
    expected = outputs(mlp, X)
    np.testing.assert_allclose(compiled_outputs(mlp.float(), X), expected, atol=1e-5)


def test_weights_of_a_normalized_layer_have_the_gains_as_norms() -> None:
    mlp = network("weight")
    outgoing = mlp.outgoing_weights(1)
    last = mlp.linear_layers()[2]
    assert isinstance(last, WeightNormLinear)
    torch.testing.assert_close(outgoing.norm(dim=1), last.gain)
    assert not torch.allclose(outgoing, last.weight)


def test_the_health_check_finds_activations_behind_layer_normalization() -> None:
    mlp = network("layer")
    with torch.no_grad():
        mlp.normalizations[1].get_parameter("bias")[:3] = 100.0
    layers, _ = measure_layers(mlp, torch.from_numpy(X), lambda y: y.square().sum(), 9)
    assert [layer.name for layer in layers] == [f"layers.{k}" for k in range(4)]
    # Three of six units are saturated by their bias.
    assert layers[1].saturated == pytest.approx(0.5)
    assert layers[1].dead == pytest.approx(0.5)
    assert layers[0].saturated is not None
    assert layers[0].saturated < 0.2


def test_layer_normalization_of_one_unit_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"2 or more units for normalization layer.* Got \(9, 1\)\."):
        Model.of({"width": (9, 1), "normalization": "layer"})
