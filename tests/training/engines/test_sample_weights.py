"""Weights of samples: every engine that takes them takes the steps of PyTorch in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sfumato import models
from sfumato.recipe import Recipe, changed
from sfumato.training.engines import Task, find

# More samples per step than a tile of the fused engine holds, also on two threads.
N = 300
RANDOM = np.random.default_rng(0)
INPUTS, TARGETS = RANDOM.uniform(-1, 1, (N, 2)), RANDOM.random((N, 3)).astype(np.float32).astype(np.float64)
INDICES = RANDOM.integers(N, size=2 * N)
WEIGHTS = RANDOM.exponential(1, 2 * N).astype(np.float32)


@pytest.mark.slow
@pytest.mark.parametrize("output", ["linear", "sigmoid"])
@pytest.mark.parametrize(
    ("engine", "threads"),
    [("fused", 1), ("fused", 2), ("concurrent", 1), ("online", 1), ("online", 2), ("autograd", 2)],
)
def test_an_engine_agrees_with_pytorch(engine: str, threads: int, output: str) -> None:
    batch, rate = (1, 0.02) if engine == "online" else (400, 0.5)
    recipe = changed(
        Recipe(),
        {
            "model": {"width": (70, 9), "activation": "tanh", "init": "gaussian(1)", "output_activation": output},
            "training": {"batch": batch, "optimizer": f"sgd(lr={rate})", "loss": "huber(0.2)"},
            "engine": engine,
            "dtype": "float64" if engine == "autograd" else "float32",
            "device": "cpu",
        },
    )
    model = models.build(recipe.model, 3, 0, models.DTYPES[recipe.dtype], recipe.coordinates)
    reference = models.build(recipe.model, 3, 0, models.DTYPES[recipe.dtype], recipe.coordinates).double()
    before = [each.detach().numpy().copy() for each in reference.parameters()]
    loss = squared = 0.0
    for some in torch.arange(2 * N).split(batch):
        chosen, factors = INDICES[some.numpy()], torch.from_numpy(WEIGHTS[some.numpy()]).double()
        errors = reference(torch.from_numpy(INPUTS[chosen])) - torch.from_numpy(TARGETS[chosen])
        sizes = errors.abs()
        losses = torch.where(sizes <= 0.2, errors**2 / 2, 0.2 * (sizes - 0.1)).sum(dim=1) * factors
        reference.zero_grad()
        (losses.sum() / len(some)).backward()
        loss, squared = loss + losses.sum().item(), squared + ((errors**2).sum(dim=1) * factors).sum().item()
        with torch.no_grad():
            for parameter in reference.parameters():
                assert parameter.grad is not None
                parameter -= rate * parameter.grad
    trained = find(engine)(Task(recipe, INPUTS, TARGETS, model, threads))
    totals = trained.advance(INDICES, np.ones(-(-2 * N // batch)), WEIGHTS)
    tolerance = 1e-9 if engine == "autograd" else 5e-4
    assert (totals.loss, totals.squared_error) == pytest.approx((loss, squared), rel=tolerance)
    for found, then, parameter in zip(trained.weights().values(), before, reference.parameters(), strict=True):
        now = parameter.detach().numpy()
        assert np.abs(now - then).max() > 1e-4
        assert np.abs(found - now).max() < tolerance * np.abs(now - then).max()


@pytest.mark.parametrize("threads", [1, 2])
def test_weights_stay_with_their_samples_where_an_encoding_is_trained(threads: int) -> None:
    # The engine sorts each step's samples by pixel there.
    found: list[dict[str, np.ndarray]] = []
    for engine, dtype, count, weights in (
        ("autograd", "float64", 1, WEIGHTS),
        ("fused", "float32", threads, WEIGHTS),
        ("fused", "float32", threads, WEIGHTS[::-1].copy()),
    ):
        recipe = changed(
            Recipe(),
            {
                "model": {
                    "width": (9,),
                    "activation": "tanh",
                    "init": "gaussian(1)",
                    "encoding": "dense_grid(4, lr=1e-4)",
                },
                "training": {"batch": 250, "optimizer": "sgd(lr=0.5)"},
                "engine": engine,
                "dtype": dtype,
                "device": "cpu",
            },
        )
        model = models.build(recipe.model, 3, 0, models.DTYPES[recipe.dtype], recipe.coordinates)
        trained = find(engine)(Task(recipe, INPUTS, TARGETS, model, count))
        trained.advance(INDICES, np.ones(3), weights)
        found.append(trained.weights())
    expected, weighted, otherwise = found
    name = "layers.1.weight"
    np.testing.assert_allclose(weighted[name], expected[name], atol=1e-5)
    assert np.abs(otherwise[name] - expected[name]).max() > 1e-3
