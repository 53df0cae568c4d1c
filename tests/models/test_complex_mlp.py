"""Networks of complex units against the same computation in PyTorch's complex numbers."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from sfumato.errors import RecipeError
from sfumato.models import network as build
from sfumato.models.complex_mlp import ComplexMLP
from sfumato.recipe import Model, Recipe, changed, choices
from sfumato.recipe.engines import ENGINES
from sfumato.training.optimizers import build as build_optimizer


def wire(model: ComplexMLP, coordinates: torch.Tensor, omegas: list[float], scale: float) -> torch.Tensor:
    """Return the outputs of WIRE's network, in complex numbers, with the weights of ours."""
    x = coordinates.to(torch.complex128)
    layers = model.linear_layers()
    for number, layer in enumerate(layers):
        weight, bias = layer.weight.detach(), layer.bias.detach()
        if number == 0:
            lin = x @ weight.T.to(x.dtype) + bias
        elif number < len(layers) - 1:
            lin = x @ torch.complex(*weight.chunk(2)).T + torch.complex(*bias.chunk(2))
        else:
            real, minus_imaginary = weight.chunk(2, dim=1)
            return (x @ torch.complex(real, -minus_imaginary).T).real + bias
        x = torch.exp(1j * omegas[number] * lin - (scale * lin).abs().square())
    raise AssertionError


def test_outputs_and_units_equal_complex_arithmetic() -> None:
    recipe = Model.of(
        {"activation": "complex_gabor(omega=7, scale=2, first_omega=3)", "init": "he", "width": (5, 4, 3)}
    )
    model = build(recipe, 2, 3, torch.float64)
    assert isinstance(model, ComplexMLP)
    x = torch.rand(9, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    expected = wire(model, x, [3.0, 7.0, 7.0], 2.0)
    assert expected.std() > 0.05
    torch.testing.assert_close(model(x), expected, rtol=0, atol=1e-12)
    # The real parts of the second hidden layer.
    first = x @ model.linear_layers()[0].weight.T + model.linear_layers()[0].bias
    h = torch.exp(1j * 3 * first - (2 * first).abs().square())
    weight, bias = (torch.complex(*each.detach().chunk(2)) for each in model.linear_layers()[1].parameters())
    lin = h @ weight.T + bias
    hidden = model.hidden(x, 1)
    torch.testing.assert_close(hidden.preactivations, lin.real, rtol=0, atol=1e-12)
    torch.testing.assert_close(hidden.outputs, torch.exp(7j * lin - (2 * lin).abs().square()).real, rtol=0, atol=1e-12)
    torch.testing.assert_close(model.outgoing_weights(0), weight.abs(), rtol=0, atol=1e-12)


def test_the_initialization_pytorch_is_that_of_complex_layers_of_pytorch() -> None:
    model = build(Model.of({"activation": "complex_gabor", "init": "pytorch", "width": 200, "depth": 3}), 3, 1)
    torch.manual_seed(1)
    for number, (fan_in, units) in enumerate(((200, 200), (200, 200), (200, 3)), start=1):
        theirs = nn.Linear(fan_in, units, dtype=torch.complex64)
        layer = model.linear_layers()[number]
        for ours, reference in ((layer.weight, theirs.weight), (layer.bias, theirs.bias)):
            parts = torch.view_as_real(reference.detach())
            assert ours.abs().max().item() == pytest.approx(
                1 / math.sqrt(fan_in), rel=0.6 if ours.numel() < 9 else 0.02
            )
            if ours.numel() > 99:
                assert ours.std().item() == pytest.approx(parts.std().item(), rel=0.05)


def test_adam_takes_the_steps_that_it_takes_on_complex_numbers() -> None:
    recipe = changed(
        Recipe(),
        {
            "model": {"activation": "complex_gabor(omega=4, scale=1)", "init": "he", "width": (4, 3)},
            "training": {"optimizer": "adam(lr=0.01)"},
        },
    )
    model = build(recipe.model, 1, 3, torch.float64)
    assert isinstance(model, ComplexMLP)
    weight = nn.Parameter(torch.complex(*model.linear_layers()[1].weight.detach().chunk(2)))
    theirs = torch.optim.Adam([weight], lr=0.01)
    ours = build_optimizer(recipe.training.optimizer, model)
    x = torch.rand(20, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    first, second = model.linear_layers()[0], model.linear_layers()[1]
    for _ in range(5):
        # Only the weights of one layer, so that the others are the same in both.
        hidden = torch.exp(4j * (x @ first.weight.T + first.bias) - (x @ first.weight.T + first.bias).square())
        hidden, bias = hidden.detach(), torch.complex(*second.bias.detach().chunk(2))
        real, minus = model.linear_layers()[2].weight.detach().chunk(2, dim=1)
        lin = hidden @ weight.T + bias
        outputs = (torch.exp(4j * lin - lin.abs().square()) @ torch.complex(real, -minus).T).real
        theirs.zero_grad()
        (outputs + model.linear_layers()[2].bias.detach()).square().sum().backward()
        theirs.step()
        ours.zero_grad()
        model(x).square().sum().backward()
        for name, parameter in model.named_parameters():
            if name != "layers.1.weight":
                parameter.grad = None
        ours.step()
    torch.testing.assert_close(torch.complex(*second.weight.detach().chunk(2)), weight.detach(), rtol=0, atol=1e-12)


def test_a_mixture_with_real_activations_or_other_layers_is_refused() -> None:
    for changes, text in (
        ({"activation": "complex_gabor,relu", "depth": 2}, "must have activation complex in all layers"),
        ({"activation": "complex_gabor", "connectivity": "skip"}, "must have connectivity plain or residual"),
        ({"activation": "complex_gabor", "normalization": "layer"}, "must have normalization none"),
    ):
        with pytest.raises(RecipeError, match=text):
            Model.of(changes)


def test_only_automatic_differentiation_trains_it() -> None:
    recipe = changed(Recipe(), {"model": {"activation": choices.ComplexGabor()}})
    assert [name for name, spec in ENGINES.items() if not spec.unsupported(recipe)] == ["autograd"]
