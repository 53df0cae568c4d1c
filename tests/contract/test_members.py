"""The contract of components: what every member of every family must do, whatever it is."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

from sfumato import models
from sfumato.recipe import Recipe, changed, choices
from sfumato.recipe.description import describe
from sfumato.recipe.memory_estimate import Size, training
from sfumato.recipe.text import from_string, from_toml, to_string, to_toml
from sfumato.training.engines.requirements import resolve
from sfumato.training.losses import total
from tests.contract.members import (
    FAMILIES,
    MEMBERS,
    NEEDS,
    SIDE,
    Member,
    engines_of,
    for_engine,
    recipe_of,
    target,
    trainer,
)

OF_MODELS = [member for member in MEMBERS if member.of_model]
OF_LOSSES = [member for member in MEMBERS if member.kind.family == "loss"]
FEW = 4
"""Steps in which engines are compared."""

pytestmark = pytest.mark.slow
members = pytest.mark.parametrize("member", MEMBERS, ids=str)


def weights(member: Member, steps: int, **changes: Any) -> dict[str, np.ndarray]:
    """Return the weights after some steps."""
    training = trainer(recipe_of(member, **changes))
    training.advance(steps)
    return training.weights()


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    """Return whether all arrays have the same bits."""
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def test_every_family_of_the_recipe_is_here() -> None:
    assert set(FAMILIES.values()) == set(choices.FAMILIES)
    assert NEEDS.keys() <= {str(member) for member in MEMBERS}


@pytest.mark.parametrize("member", OF_MODELS, ids=str)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_network_maps_coordinates_to_channels(member: Member, channels: int) -> None:
    recipe = recipe_of(member)
    for dtype in (torch.float32, torch.float64):
        network = models.build(recipe.model, channels, 0, dtype, recipe.coordinates)
        outputs = network(torch.from_numpy(models.grid(recipe.coordinates, 4, 5)).to(dtype))
        assert outputs.shape == (20, channels)
        assert outputs.dtype == dtype
        assert torch.isfinite(outputs).all()
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    assert shapes == models.shapes(recipe.model, channels)


def directional_errors(member: Member, factor: float = 1.0) -> float:
    """Return the relative error of the loss's derivative along a random direction of all weights, in float64.

    The reference is the central difference of the loss. ``factor`` multiplies the derivatives.
    """
    recipe = recipe_of(member, training={"batch": "all"})
    network = models.build(recipe.model, 3, 1, torch.float64, recipe.coordinates)
    x = torch.from_numpy(models.grid(recipe.coordinates, SIDE, SIDE))
    y = torch.from_numpy(target().reshape(-1, 3).astype(np.float64))
    loss, parameters = recipe.training.loss, [each for each in network.parameters() if each.requires_grad]
    first = network(x).detach()

    def value() -> torch.Tensor:
        outputs = network(x)
        # Some losses take a factor from the outputs that counts as a constant of the derivative.
        if getattr(loss.implementation(), "takes_outputs", False):
            return loss.implementation().tensor(outputs - y, first, *loss.parameters).sum()
        return total(loss, outputs, y, (SIDE, SIDE))

    gradients = torch.autograd.grad(value(), parameters)
    generator = torch.Generator().manual_seed(2)
    directions = [torch.randn(each.shape, generator=generator, dtype=torch.float64) for each in parameters]
    found = factor * sum(float((g * d).sum()) for g, d in zip(gradients, directions, strict=True))
    step = 1e-7
    ends: list[float] = []
    for sign in (1, -1):
        with torch.no_grad():
            for parameter, direction in zip(parameters, directions, strict=True):
                parameter.add_(direction, alpha=sign * step)
            ends.append(float(value()))
            for parameter, direction in zip(parameters, directions, strict=True):
                parameter.add_(direction, alpha=-sign * step)
    expected = (ends[0] - ends[1]) / (2 * step)
    assert abs(expected) > 1e-3
    return abs(found - expected) / abs(expected)


@pytest.mark.parametrize("member", [*OF_MODELS, *OF_LOSSES], ids=str)
def test_gradients_equal_finite_differences(member: Member) -> None:
    # Kinks are passed by some units on the way.
    assert directional_errors(member) < 1e-4
    assert directional_errors(member, factor=1.001) > 5e-4


@members
def test_a_seed_decides_every_bit(member: Member) -> None:
    once, again = weights(member, 3), weights(member, 3)
    assert same(once, again)
    assert not same(once, weights(member, 3, seed=4))


@members
def test_it_resumes_to_the_same_bits(member: Member) -> None:
    for engine in engines_of(member):
        recipe = for_engine(member, engine)
        whole = trainer(recipe)
        # Across the end of an epoch, which has 8 steps.
        whole.advance(7)
        state = {name: value.copy() for name, value in whole.state().items()}
        whole.advance(6)
        resumed = trainer(recipe)
        resumed.load(state, seconds=0.0)
        resumed.advance(6)
        assert same(whole.weights(), resumed.weights()), engine
        fresh = trainer(recipe)
        fresh.advance(6)
        assert not same(whole.weights(), fresh.weights()), engine


def difference(recipe: Recipe, reference: Recipe) -> float:
    """Return the largest relative difference of two recipes' changes of the weights in a few steps.

    A rounding of each weight in each step is subtracted.
    """
    ours, theirs = trainer(recipe), trainer(reference)
    before = theirs.weights()
    for each in (ours, theirs):
        each.advance(FEW)
    found, expected = ours.weights(), theirs.weights()
    assert found.keys() == expected.keys()
    errors: list[float] = []
    for name, value in expected.items():
        change = np.abs(value - before[name]).max()
        if change > 0:
            rounding = FEW * 2.0**-24 * np.abs(value)
            errors.append(float((np.abs(found[name] - value) - rounding).max() / change))
    return max(errors)


@members
def test_engines_agree_with_automatic_differentiation(member: Member) -> None:
    engines = engines_of(member)
    assert "autograd" in engines
    for engine in set(engines) - {"autograd"}:
        recipe = for_engine(member, engine)
        reference = changed(recipe, {"engine": "autograd", "dtype": "float64"})
        assert difference(recipe, reference) < 0.02, engine
        # The same check finds a learning rate that is wrong by a quarter.
        optimizer = recipe.training.optimizer
        wrong = dataclasses.replace(optimizer, lr=1.25 * optimizer.lr)
        assert difference(recipe, changed(reference, {"training": {"optimizer": wrong}})) > 0.05, engine


@members
def test_it_learns(member: Member) -> None:
    recipe = recipe_of(member)
    *_, last = trainer(recipe).snapshots()
    assert last.evaluation is not None
    picture = target()
    mean = -10 * np.log10(np.square(picture - picture.mean(axis=(0, 1))).mean())
    assert last.evaluation.psnr > mean + 2


@pytest.mark.parametrize("member", OF_MODELS, ids=str)
def test_its_description_is_that_of_the_network(member: Member) -> None:
    recipe = recipe_of(member)
    network = models.build(recipe.model, 3, 0, torch.float32, recipe.coordinates)
    description = describe(recipe)
    assert description.parameters == sum(each.numel() for each in network.parameters() if each.requires_grad)


@members
def test_its_text_is_that_of_its_recipe(member: Member) -> None:
    recipe = recipe_of(member)
    assert from_string(to_string(recipe)) == from_toml(to_toml(recipe)) == recipe


@members
def test_its_memory_is_estimated(member: Member) -> None:
    def estimate_and_state(width: int) -> tuple[int, int]:
        recipe = resolve(recipe_of(member, model={"width": width}), (SIDE, SIDE))
        whole = trainer(recipe)
        # The state of some optimizers begins with the second step.
        whole.advance(2)
        return training(recipe, Size(SIDE, SIDE)), sum(value.nbytes for value in whole.state().values())

    (small, of_small), (large, of_large) = estimate_and_state(24), estimate_and_state(96)
    assert small > of_small + 4 * 3 * SIDE**2
    # Whatever does not grow with the network, such as a library, hides nothing that does.
    assert large - small >= of_large - of_small > 4 * (96**2 - 24**2)
