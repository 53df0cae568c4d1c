"""The last layer by least squares, in every engine, against NumPy's least squares."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import sfumato as sf
from sfumato import models
from sfumato.models.targets import to_targets
from sfumato.recipe import Recipe, changed
from sfumato.recipe.engines import ENGINES
from sfumato.training.engines.requirements import resolve
from sfumato.training.final_layer import minimizer
from sfumato.training.picture import PictureProblem
from tests.small import SMALL, picture, trainer

ONE_BY_ONE = {"batch": 1, "optimizer": "sgd(lr=0.02, fan_in_scaling=true)", "schedule": "constant"}
OF_ENGINE: dict[str, dict[str, Any]] = {
    "fused": {},
    "concurrent": {},
    "autograd": {},
    "online": {"training": ONE_BY_ONE},
    "replica": {
        "training": ONE_BY_ONE,
        "model": {"init": "gaussian(bias=weights)"},
        "coordinates": {"range": "unit"},
        "dtype": "float64",
    },
}


def recipe_of(engine: str, **changes: Any) -> Recipe:
    base = changed(changed(Recipe(), SMALL), {"device": "cpu", "engine": engine, "evaluation": {"interval": "end"}})
    return resolve(changed(changed(base, OF_ENGINE[engine]), changes))


def features(recipe: Recipe, weights: dict[str, Any], inputs: NDArray[np.float64]) -> NDArray[np.float64]:
    model = models.build(recipe.model, 3, recipe.seed, torch.float64, recipe.coordinates)
    model.load_state_dict({name: torch.from_numpy(values) for name, values in weights.items()})
    assert isinstance(model, models.MLP)
    with torch.no_grad():
        x = model.inputs(torch.from_numpy(inputs), len(model.layers) - 1).numpy()
    return np.concatenate([x, np.ones((len(x), 1))], axis=1)


def trained(recipe: Recipe, target: NDArray[np.float32] | None = None) -> Any:
    *_, last = trainer(recipe, target).snapshots()
    return last


def test_every_engine_has_a_row() -> None:
    assert set(OF_ENGINE) == set(ENGINES)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("engine", "signed"), [*((engine, False) for engine in OF_ENGINE), ("fused", True), ("autograd", True)]
)
def test_the_last_layer_is_that_of_least_squares(engine: str, signed: bool) -> None:
    data = {"split": 0.0 if engine == "replica" else 0.3, "target_range": "signed" if signed else "unit"}
    plain = recipe_of(engine, data=data)
    recipe = changed(plain, {"training": {"final_layer": "least_squares"}})
    before, after = trained(plain), trained(recipe)
    problem = PictureProblem(recipe, picture())
    old, new = before.weights(), after.weights()
    last = {"layers.2.weight", "layers.2.bias"}
    assert all(np.array_equal(old[name], new[name]) for name in old if name not in last)
    x = features(recipe, new, problem.inputs)
    y = to_targets(problem.targets, recipe.data.target_range)
    found = np.concatenate([new["layers.2.weight"], new["layers.2.bias"][:, None]], axis=1).astype(np.float64).T
    previous = np.concatenate([old["layers.2.weight"], old["layers.2.bias"][:, None]], axis=1).astype(np.float64).T
    # The change is that of a ridge regression, written as ordinary least squares with more rows.
    ridge = np.sqrt(1e-7 * (x**2).mean() * len(x)) * np.eye(x.shape[1])
    rows = np.concatenate([x, ridge])
    expected = previous + np.linalg.lstsq(rows, np.concatenate([y - x @ previous, 0 * previous]), rcond=None)[0]
    np.testing.assert_allclose(x @ found, x @ expected, rtol=0, atol=2e-4)
    assert ((x @ found - y) ** 2).mean() < 0.98 * ((x @ previous - y) ** 2).mean()
    values = (x @ found + 1) / 2 if signed else x @ found
    np.testing.assert_allclose(after.outputs(problem.inputs), values, atol=1e-4)


def test_the_average_is_solved_for() -> None:
    recipe = recipe_of("autograd", training={"final_layer": "least_squares", "averaging": "ema(0.9)"})
    plain = trained(changed(recipe, {"training": {"final_layer": "trained"}}))
    last = trained(recipe)
    problem = PictureProblem(recipe, picture())
    assert np.array_equal(last.weights()["layers.0.weight"], plain.weights()["layers.0.weight"])
    x = features(recipe, last.weights(), problem.inputs)
    best = np.linalg.lstsq(x, problem.targets, rcond=None)[0]
    least = float(((x @ best - problem.targets) ** 2).mean())
    assert float(((last.outputs(problem.inputs) - problem.targets) ** 2).mean()) == pytest.approx(least, rel=0.02)


@pytest.mark.parametrize(
    "model",
    [
        {"normalization": "weight"},
        {"normalization": "layer", "connectivity": "dense"},
        {"connectivity": "multiplicative_filter", "init": "random_hyperplanes"},
        {"connectivity": "kan_chebyshev", "init": "random_hyperplanes"},
        {"activation": "complex_gabor", "init": "pytorch"},
    ],
    ids=str,
)
def test_any_network_has_the_least_error_that_its_last_layer_can_have(model: dict[str, Any]) -> None:
    recipe = recipe_of("autograd", model=model, training={"final_layer": "least_squares"})
    last, problem = trained(recipe), PictureProblem(recipe, picture())
    network = models.build(recipe.model, 3, recipe.seed, torch.float64, recipe.coordinates)
    network.load_state_dict({name: torch.from_numpy(values) for name, values in last.weights().items()})
    assert isinstance(network, models.LayeredNetwork)
    with torch.no_grad():
        x = network.inputs(torch.from_numpy(problem.inputs), 2).numpy()
    x = x if network.linear_layers()[-1].bias is None else np.concatenate([x, np.ones((len(x), 1))], axis=1)
    best = np.linalg.lstsq(x, problem.targets, rcond=None)[0]
    least = float(((x @ best - problem.targets) ** 2).mean())
    found = float(((last.outputs(problem.inputs) - problem.targets) ** 2).mean())
    assert found < 1.1 * least + 1e-6
    assert found < 0.9 * problem.targets.var(axis=0).mean()


def test_held_out_pixels_have_no_influence() -> None:
    recipe = recipe_of("autograd", data={"split": 0.3}, training={"final_layer": "least_squares"})
    held_out = PictureProblem(recipe, picture()).samples.held_out
    assert held_out is not None
    other = np.where(held_out[..., None], np.float32(31 / 255), picture())
    one, two = trained(recipe).weights(), trained(recipe, other).weights()
    assert all(np.array_equal(values, two[name]) for name, values in one.items())


def test_a_channel_of_weight_0_keeps_its_weights() -> None:
    recipe = recipe_of("autograd", training={"final_layer": "least_squares", "channel_weights": (1, 0, 2)})
    plain = trained(changed(recipe, {"training": {"final_layer": "trained"}})).weights()
    found = trained(recipe).weights()
    same = [np.array_equal(found["layers.2.weight"][c], plain["layers.2.weight"][c]) for c in range(3)]
    assert same == [False, True, False]


@pytest.mark.slow
def test_a_resumed_training_has_the_same_bits() -> None:
    recipe = recipe_of("fused", training={"final_layer": "least_squares"}, budget={"steps": 20})
    expected = trained(recipe)
    first, second = trainer(recipe), trainer(recipe)
    first.advance(9)
    second.load(first.state(), 0.0)
    *_, found = second.snapshots()
    assert found.ended == expected.ended == "steps"
    assert found.evaluation is not None
    assert found.evaluation.mse == expected.evaluation.mse
    for name, values in expected.state().items():
        assert np.array_equal(values, found.state()[name]), name
    # A training that has ended is not solved for again.
    third = trainer(recipe)
    third.load(found.state(), 0.0)
    *_, again = third.snapshots()
    assert all(np.array_equal(values, again.weights()[name]) for name, values in expected.weights().items())


def test_a_stopped_training_is_left_as_it_is() -> None:
    recipe = recipe_of("autograd", training={"final_layer": "least_squares"}, budget={"steps": 10_000})
    training = trainer(recipe)
    *_, last = training.snapshots(stop=lambda: True)
    other = trainer(recipe)
    other.advance(last.step)
    assert all(np.array_equal(values, other.weights()[name]) for name, values in last.weights().items())


def test_unusable_inputs_change_nothing() -> None:
    x = np.ones((4, 2))
    assert minimizer(0 * x, x).tolist() == [[0, 0], [0, 0]]
    assert minimizer(np.full((4, 2), np.nan), x).tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"training": {"loss": "l1"}}, "must have loss mse for final_layer least_squares.* Got l1"),
        ({"training": {"optimizer": "schedule_free"}}, "final_layer trained for an optimizer .* schedule_free"),
        ({"model": {"output_activation": "sigmoid"}}, r"must have model\.output_activation linear .* Got sigmoid"),
        ({"model": {"module": "torch.nn:Identity"}}, r"must have model\.module none for training\.final_layer"),
    ],
)
def test_others_are_refused_by_one_line(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(sf.RecipeError, match=message) as caught:
        changed(changed(Recipe(), {"training": {"final_layer": "least_squares"}}), changes)
    assert "\n" not in str(caught.value)
