"""Networks that learn targets in [-1, 1]: the formulas in PyTorch, and pictures in [0, 1] everywhere outside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import sfumato as sf
from sfumato import models
from sfumato.recipe import Recipe, changed
from sfumato.render import zoom
from sfumato.render.painter import Painter
from sfumato.training import PictureProblem, PictureSnapshot, Trainer, resolve
from sfumato.training.health import mean_color_psnr
from sfumato.training.health.layer_probe import LayerProbe
from tests.small import SMALL, picture

ROWS, COLUMNS, RATE, BATCH, EPOCHS = 9, 7, 0.02, 8, 3
SIGNED: dict[str, Any] = {"data": {"target_range": "signed"}}


def recipe_of(engine: str, **changes: Any) -> Recipe:
    single = engine == "online"
    whole = {
        "model": {"width": (11, 9), "activation": "tanh", "init": "gaussian(1)"},
        "training": {
            "batch": 1 if single else BATCH,
            "optimizer": f"sgd(lr={RATE})",
            "schedule": "constant",
            "sampler": "sequential",
        },
        "budget": {"epochs": EPOCHS},
        "evaluation": {"interval": "end"},
        "engine": engine,
        "dtype": "float64" if engine == "autograd" else "float32",
        "device": "cpu",
        "threads": 1,
        "seed": 3,
        **SIGNED,
    }
    return changed(changed(Recipe(), whole), changes)


def values_of(target: np.ndarray) -> torch.Tensor:
    """Return a picture's values in float64, (H W, C)."""
    return torch.from_numpy(np.round(target.reshape(-1, 3) * 255.0).astype(np.float64) / 255)


def reference(recipe: Recipe) -> tuple[torch.nn.Module, dict[str, np.ndarray], float, float]:
    """Return the trained network, its weights before, and the means of loss and squared error of values in epoch 1."""
    network = models.build(recipe.model, 3, recipe.seed, models.DTYPES[recipe.dtype], recipe.coordinates).double()
    before = {name: value.numpy().copy() for name, value in network.state_dict().items()}
    coordinates = torch.from_numpy(models.grid(recipe.coordinates, ROWS, COLUMNS))
    # A picture that is normalized to mean 0.5 and standard deviation 0.5.
    targets = (values_of(picture(ROWS, COLUMNS)) - 0.5) / 0.5
    losses, squared_errors = 0.0, 0.0
    for epoch in range(EPOCHS):
        for samples in torch.arange(len(targets)).split(int(recipe.training.batch)):
            outputs = network(coordinates[samples])
            loss = 0.5 * ((outputs - targets[samples]) ** 2).sum()
            network.zero_grad()
            (loss / len(samples)).backward()
            with torch.no_grad():
                if epoch == 0:
                    losses += float(loss)
                    squared_errors += float((((outputs + 1) / 2 - (targets[samples] + 1) / 2) ** 2).sum())
                for parameter in network.parameters():
                    assert parameter.grad is not None
                    parameter -= RATE * parameter.grad
    return network, before, losses / len(targets), squared_errors / targets.numel()


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["autograd", "fused", "concurrent", "online"])
def test_every_engine_trains_on_signed_targets(engine: str) -> None:
    recipe = recipe_of(engine)
    network, before, loss, squared_error = reference(recipe)
    *_, last = sf.train(picture(ROWS, COLUMNS), recipe=recipe)
    weights, tolerance = last.weights(), 1e-9 if engine == "autograd" else 5e-4
    for name, expected in network.state_dict().items():
        change = np.abs(expected.numpy() - before[name]).max()
        assert change > 1e-3
        assert np.abs(weights[name] - expected.numpy()).max() < tolerance * change
    with torch.no_grad():
        outputs = network(torch.from_numpy(models.grid(recipe.coordinates, ROWS, COLUMNS)))
    painting, values = (outputs.numpy() + 1) / 2, values_of(picture(ROWS, COLUMNS)).numpy()
    np.testing.assert_allclose(last.painting().reshape(-1, 3), painting, atol=1e-5)
    evaluation = last.evaluation
    assert evaluation is not None
    assert evaluation.mse == pytest.approx(((painting - values) ** 2).mean(), rel=1e-4)
    expected_psnr = -10 * np.log10(((painting.clip(0, 1) - values) ** 2).mean())
    assert evaluation.psnr == pytest.approx(expected_psnr, abs=1e-3)
    steps = -(-ROWS * COLUMNS // int(recipe.training.batch))
    totals, samples = trainer_of(recipe).advance(steps)
    assert samples == ROWS * COLUMNS
    assert totals.loss / samples == pytest.approx(loss, rel=1e-5)
    assert totals.squared_error / samples / 3 == pytest.approx(squared_error, rel=1e-5)


def trainer_of(recipe: Recipe) -> Trainer[PictureSnapshot]:
    target = picture(ROWS, COLUMNS)
    resolved = resolve(recipe, target.shape[:2])
    return Trainer(resolved, PictureProblem(resolved, target))


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["autograd", "fused"])
def test_the_canvas_has_values(engine: str) -> None:
    recipe = recipe_of(engine, training={"optimizer": "sgd(lr=0)"}, budget={"steps": 40})
    for snapshot in trainer_of(recipe).snapshots():
        canvas = snapshot.canvas()
        assert canvas is not None
        # The weights do not change, so that the outputs of all steps are the painting.
        if snapshot.step:
            np.testing.assert_allclose(canvas, snapshot.painting(), atol=1e-5)


@pytest.mark.slow
def test_a_resumed_training_has_the_same_bits() -> None:
    recipe = recipe_of("fused", training={"optimizer": "adam(lr=0.01)"})
    whole, first, second = trainer_of(recipe), trainer_of(recipe), trainer_of(recipe)
    whole.advance(9)
    first.advance(4)
    second.load(first.state(), 1.0)
    second.advance(5)
    weights = second.weights()
    assert all(np.array_equal(value, weights[name]) for name, value in whole.weights().items())


@pytest.mark.slow
def test_held_out_pixels_are_compared_as_values() -> None:
    recipe = recipe_of("autograd", data={"split": 0.3})
    trainer = trainer_of(recipe)
    *_, last = trainer.snapshots()
    held_out = trainer.problem.samples.held_out  # pyright: ignore[reportAttributeAccessIssue]
    evaluation = last.evaluation
    assert evaluation is not None
    values = values_of(picture(ROWS, COLUMNS)).numpy().reshape(ROWS, COLUMNS, 3)
    error = last.painting().clip(0, 1)[held_out] - values[held_out]
    assert evaluation.psnr_held_out == pytest.approx(-10 * np.log10((error**2).mean()), abs=1e-6)
    baseline = values[~held_out].mean(axis=0) - values[held_out]
    assert evaluation.mean_color_psnr_held_out == pytest.approx(-10 * np.log10((baseline**2).mean()), abs=1e-6)


def test_statistics_are_of_values_and_gradients_of_the_loss() -> None:
    recipe, target = recipe_of("autograd"), picture(ROWS, COLUMNS)
    model = models.build(recipe.model, 3, 1, torch.float64)
    stats = LayerProbe(recipe, target, model).measure({k: v.numpy() for k, v in model.state_dict().items()})
    values = values_of(target)
    outputs = model(torch.from_numpy(models.grid(recipe.coordinates, ROWS, COLUMNS)))
    painting = ((outputs + 1) / 2).detach()
    assert stats.mse == pytest.approx(float(((painting - values) ** 2).mean()))
    assert (stats.output.low, stats.output.high) == pytest.approx((float(painting.min()), float(painting.max())))
    assert stats.mean_color_mse == pytest.approx(float(values.var(dim=0, correction=0).mean()))
    assert stats.picture.high == pytest.approx(float(values.max()))
    # The gradient of half the squared error of signed targets.
    gradient = (outputs - (2 * values - 1)).detach()
    assert stats.layers[-1].gradient_mean == pytest.approx(float(gradient.mean()))
    assert stats.layers[-1].gradient_norm == pytest.approx(float(gradient.square().sum(dim=1).mean().sqrt()))


@pytest.mark.slow
def test_runs_are_painted_and_checked_as_pictures(tmp_path: Path) -> None:
    run = sf.paint(picture(20, 15), runs=tmp_path, film="none", **SMALL | {"budget": {"epochs": 60}}, **SIGNED)
    painted = zoom.paint(run.model()[0], run.recipe, (20, 15))
    assert painted == pytest.approx(run.painting, abs=0.51 / 255)
    assert run.psnr is not None
    assert run.psnr > mean_color_psnr(picture(20, 15).astype(np.float64)) + 1
    painter = Painter(run)
    painter.load(run.moments()[-1])
    assert painter.psnr() == pytest.approx(run.psnr, abs=0.05)
    diagnosis = sf.check(picture(20, 15), **SMALL, **SIGNED)
    assert diagnosis.works, diagnosis.summary()
    assert diagnosis.trial.after.mse < diagnosis.trial.after.mean_color_mse


def test_a_sigmoid_cannot_reach_them() -> None:
    with pytest.raises(sf.RecipeError, match="must have model.output_activation linear for data.target_range signed"):
        changed(Recipe(), {"model": {"output_activation": "sigmoid"}, **SIGNED})


def test_the_2012_program_does_not_have_them() -> None:
    with pytest.raises(sf.EngineError, match="data.target_range must be unit. Got signed"):
        resolve(changed(sf.preset("blog-2012"), {"engine": "replica", **SIGNED}))
