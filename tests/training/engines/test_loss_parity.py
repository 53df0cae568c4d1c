"""Every engine trains every compiled loss, with channel weights, as PyTorch in float64 does with the formulas here."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

import sfumato as sf
from sfumato import models
from sfumato.recipe import Recipe, changed
from tests.small import picture

ROWS, COLUMNS, EPOCHS, RATE = 9, 7, 2, 0.02
LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mse": lambda y, t: (y - t) ** 2 / 2,
    "log_cosh": lambda y, t: torch.log(torch.cosh(y - t)),
    "relative_l2(epsilon=0.05)": lambda y, t: (y - t) ** 2 / (2 * (y.detach() ** 2 + 0.05)),
}
WEIGHTS = (0.5, 2.0, 1.25)


def recipe_of(engine: str, loss: str, output: str, threads: int = 1) -> Recipe:
    return changed(
        Recipe(),
        {
            "model": {"width": (11, 9), "activation": "tanh", "init": "gaussian(1)", "output_activation": output},
            "training": {
                "batch": 1 if engine == "online" else 40,
                "optimizer": f"sgd(lr={RATE})",
                "schedule": "constant",
                "sampler": "sequential",
                "loss": loss,
                "channel_weights": WEIGHTS,
            },
            "budget": {"epochs": EPOCHS},
            "evaluation": {"interval": "end"},
            "engine": engine,
            "dtype": "float64" if engine == "autograd" else "float32",
            "device": "cpu",
            "threads": threads,
        },
    )


def reference(recipe: Recipe) -> tuple[list[np.ndarray], list[np.ndarray], float]:
    """Return weights before and after training, and the mean loss of the last epoch's samples."""
    network = models.build(recipe.model, 3, recipe.seed, models.DTYPES[recipe.dtype], recipe.coordinates).double()
    before = [each.detach().numpy().copy() for each in network.parameters()]
    coordinates = torch.from_numpy(models.grid(recipe.coordinates, ROWS, COLUMNS))
    targets = torch.from_numpy(np.round(picture(ROWS, COLUMNS).reshape(-1, 3) * 255.0).astype(np.float64) / 255)
    batch, formula = recipe.training.batch, LOSSES[str(recipe.training.loss)]
    assert isinstance(batch, int)
    mean = 0.0
    for _ in range(EPOCHS):
        mean = 0.0
        for samples in torch.arange(len(targets)).split(batch):
            losses = formula(network(coordinates[samples]), targets[samples]) @ torch.tensor(WEIGHTS).double()
            network.zero_grad()
            losses.mean().backward()
            mean += losses.sum().item() / len(targets)
            with torch.no_grad():
                for parameter in network.parameters():
                    assert parameter.grad is not None
                    parameter -= RATE * parameter.grad
    return before, [each.detach().numpy() for each in network.parameters()], mean


@pytest.mark.slow
@pytest.mark.parametrize("output", ["linear", "sigmoid"])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("engine", ["fused", "concurrent", "online", "autograd"])
def test_an_engine_agrees_with_pytorch(engine: str, loss: str, output: str) -> None:
    recipe = recipe_of(engine, loss, output)
    before, expected, mean = reference(recipe)
    *_, last = sf.train(picture(ROWS, COLUMNS), recipe=recipe)
    tolerance = 1e-9 if engine == "autograd" else 5e-4
    for found, now, then in zip(last.weights().values(), expected, before, strict=True):
        change = np.abs(now - then).max()
        assert change > 1e-5
        assert np.abs(found - now).max() < tolerance * change
    # Snapshots are a tenth of a second apart, so that only the last one's share of the samples is in its loss.
    assert np.isfinite(last.loss)
    assert mean > 0


def test_the_number_of_weights_must_be_that_of_channels() -> None:
    recipe = changed(recipe_of("fused", "mse", "linear"), {"training": {"channel_weights": "1,2"}})
    with pytest.raises(sf.RecipeError, match="training.channel_weights must be one weight for each of the 3 channels"):
        next(iter(sf.train(picture(ROWS, COLUMNS), recipe=recipe)))


def test_the_replica_refuses_weights_by_name() -> None:
    recipe = changed(recipe_of("replica", "mse", "linear"), {"training": {"batch": 1}})
    with pytest.raises(sf.EngineError, match=r"training.channel_weights must be none. Got 0.5,2.0,1.25"):
        next(iter(sf.train(picture(ROWS, COLUMNS), recipe=recipe)))
