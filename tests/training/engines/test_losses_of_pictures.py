"""Losses of pictures: trained by autograd alone, in full batches of whole pictures, and refused by name elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import sfumato as sf
from sfumato import models
from sfumato.recipe import Recipe, changed, choices
from sfumato.recipe.engines import ENGINES
from sfumato.training.losses import of_picture
from tests.small import picture

LOSSES = [str(member()) for member in choices.Loss.members.values() if member.of_pictures]
RATE = 0.05


def recipe_of(loss: str, **training: Any) -> Recipe:
    changes = {"batch": "all", "optimizer": f"sgd(lr={RATE})", "schedule": "constant", "loss": loss, **training}
    model = {"width": (11, 9), "activation": "tanh", "init": "gaussian(1)"}
    settings = {"budget": {"steps": 3}, "evaluation": {"interval": "end"}, "dtype": "float64", "device": "cpu"}
    return changed(Recipe(), {"model": model, "training": changes, "threads": 2, **settings})


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["shuffled", "sequential"])
@pytest.mark.parametrize("loss", LOSSES)
def test_autograd_takes_the_steps_of_pytorch(loss: str, sampler: str) -> None:
    recipe = recipe_of(loss, sampler=sampler, channel_weights=(1, 0.5, 2))
    network = models.build(recipe.model, 3, recipe.seed, torch.float64, recipe.coordinates)
    before = [each.detach().numpy().copy() for each in network.parameters()]
    coordinates = torch.from_numpy(models.grid(recipe.coordinates, 9, 7))
    targets = torch.from_numpy(np.round(picture(9, 7).reshape(-1, 3) * 255.0).astype(np.float64) / 255)
    for _ in range(3):
        network.zero_grad()
        weights = torch.tensor([1, 0.5, 2], dtype=torch.float64)
        of_picture(recipe.training.loss, network(coordinates), targets, (9, 7), weights).backward()
        with torch.no_grad():
            for parameter in network.parameters():
                assert parameter.grad is not None
                parameter -= RATE * parameter.grad
    *_, last = sf.train(picture(9, 7), recipe=recipe)
    for found, parameter, then in zip(last.weights().values(), network.parameters(), before, strict=True):
        now = parameter.detach().numpy()
        assert np.abs(now - then).max() > 1e-5
        assert np.abs(found - now).max() < 1e-9 * np.abs(now - then).max()
    assert last.stats() is not None


@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "autograd"])
@pytest.mark.parametrize("loss", LOSSES)
def test_other_engines_refuse_them_by_name(loss: str, engine: str) -> None:
    recipe = changed(recipe_of(loss), {"engine": engine, "dtype": "auto"})
    with pytest.raises(sf.EngineError, match="training.loss must be"):
        next(iter(sf.train(picture(9, 7), recipe=recipe)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"training": {"batch": 16}}, "must have training.batch all for the loss ssim, .* whole pictures. Got 16."),
        (
            {"training": {"sampler": "replacement"}},
            "must have training.sampler shuffled, sequential or fixed",
        ),
        ({"data": {"split": 0.1}}, "must have data.split 0 for the loss ssim"),
        ({"data": {"target_range": "signed"}}, "must have data.target_range unit for the loss ssim"),
    ],
)
def test_every_step_must_be_a_whole_picture(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(sf.RecipeError, match=message) as caught:
        changed(recipe_of("ssim"), changes)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_a_health_check_trains_on_them() -> None:
    assert sf.check(picture(20, 20), recipe=changed(recipe_of("gradient"), {"dtype": "float32"})).findings is not None
