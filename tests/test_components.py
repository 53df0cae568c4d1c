"""The contract of components: engines that claim a new one train it correctly, and the others name it in an error.

A component's facts are compared with the network that is built from it. The reference is PyTorch's automatic
differentiation in float64, with the dummies' formulas and plain steps written out here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch

import sfumato as sf
from sfumato import models
from sfumato.errors import RecipeError
from sfumato.lab.speedrun.result import operations
from sfumato.models import encodings
from sfumato.recipe import Recipe, changed, choices, engines
from sfumato.recipe.description import describe
from sfumato.recipe.layers import LinearLayer, NetworkSize
from sfumato.recipe.memory_estimate import Size, training
from sfumato.recipe.report import drawing
from sfumato.training.engines import choose
from sfumato.training.engines.fused import engine as fused_engine
from tests.registering import dummies
from tests.small import picture

ROWS, COLUMNS, EPOCHS, RATE = 9, 7, 3, 0.02
FIELDS: dict[str, tuple[str, dict[str, Any]]] = {
    "bent": ("model.activation", {"model": {"activation": "bent(a=0.4, b=1.2)"}}),
    "learned": ("model.encoding", {"model": {"encoding": "learned"}}),
    "lattice": ("model.encoding", {"model": {"encoding": "lattice"}}),
    "cauchy": ("training.loss", {"training": {"loss": "cauchy"}}),
    "redescending": ("training.loss", {"training": {"loss": "redescending(scale=0.3)"}}),
    "signs": ("training.optimizer", {"training": {"optimizer": f"signs(lr={RATE / 20})"}}),
    "bounded": ("training.optimizer", {"training": {"optimizer": f"bounded(lr={RATE}, decay=0.7)"}}),
    "normed": ("training.optimizer", {"training": {"optimizer": f"normed(lr={RATE})"}}),
    "backwards": ("training.sampler", {"training": {"sampler": "backwards(5)"}}),
}
"""For every dummy, its field of a recipe, and the changes that select it."""
DUMMIES = list(FIELDS)
LOSSES: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "cauchy": lambda e: torch.log(1 + e * e / 2),
    "redescending": lambda e: 0.5 * e * e / (1 + (e / 0.3) ** 2),
}
CLAIMED = {
    "bent": {"fused", "concurrent", "online", "autograd"},
    "learned": {"autograd"},
    "lattice": {"fused", "concurrent", "autograd"},
    "cauchy": {"autograd"},
    "redescending": {"fused", "concurrent", "online", "autograd"},
    "signs": {"autograd"},
    "bounded": {"fused", "concurrent", "autograd"},
    "normed": {"fused", "concurrent", "autograd"},
    "backwards": {"fused", "concurrent", "online", "autograd"},
}


@pytest.fixture(scope="module", autouse=True)
def _dummies() -> Iterator[None]:
    with dummies():
        yield


def recipe_of(dummy: str, engine: str) -> Recipe:
    single = engine in ("online", "replica")
    changes = FIELDS[dummy][1]
    return changed(
        Recipe(),
        {
            "model": {"width": (11, 9), "activation": "tanh", "init": "gaussian(1)", **changes.get("model", {})},
            "training": {
                "batch": 1 if single else 8,
                "optimizer": f"sgd(lr={RATE})",
                "schedule": "constant",
                "sampler": "sequential",
                **changes.get("training", {}),
            },
            "budget": {"epochs": EPOCHS},
            "evaluation": {"interval": "end"},
            "engine": engine,
            "dtype": "float64" if engine == "autograd" else "float32",
            "device": "cpu",
            "threads": 1,
            "seed": 3,
        },
    )


def reference_weights(dummy: str, recipe: Recipe) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return weights before and after training."""
    network = models.build(recipe.model, 3, recipe.seed, models.DTYPES[recipe.dtype], recipe.coordinates).double()
    before = {name: value.numpy().copy() for name, value in network.state_dict().items()}
    coordinates = torch.from_numpy(models.grid(recipe.coordinates, ROWS, COLUMNS))
    # Multiples of 1/255, as the values of a picture.
    targets = torch.from_numpy(np.round(picture(ROWS, COLUMNS).reshape(-1, 3) * 255.0).astype(np.float64) / 255)
    indices = torch.arange(len(targets))
    if dummy == "backwards":
        indices = indices.flip(0).roll(5)
    batch, rate = recipe.training.batch, recipe.training.optimizer.lr
    assert isinstance(batch, int)
    means: dict[str, torch.Tensor] = {}
    for _ in range(EPOCHS):
        for samples in indices.split(batch):
            errors = network(coordinates[samples]) - targets[samples]
            losses = LOSSES.get(dummy, lambda e: 0.5 * e * e)(errors)
            network.zero_grad()
            (losses.sum() / len(samples)).backward()
            with torch.no_grad():
                for name, parameter in network.named_parameters():
                    assert parameter.grad is not None
                    update = parameter.grad
                    if dummy == "signs":
                        update = update.sign()
                    elif dummy == "bounded":
                        means[name] = 0.7 * means.get(name, torch.zeros_like(update)) + 0.3 * update
                        update = means[name] / (1 + means[name].abs())
                    elif dummy == "normed" and name == "layers.1.weight":
                        update = update / (update**2).sum().sqrt()
                    parameter -= rate * update
    return before, {name: value.numpy() for name, value in network.state_dict().items()}


def relative_error(dummy: str, engine: str) -> float:
    """Return the largest difference of weights from the reference, relative to the largest change of their array."""
    recipe = recipe_of(dummy, engine)
    before, expected = reference_weights(dummy, recipe)
    *_, last = sf.train(picture(ROWS, COLUMNS), recipe=recipe)
    weights = last.weights()
    assert weights.keys() == expected.keys()
    changes = {name: np.abs(expected[name] - before[name]).max() for name in expected}
    assert all(each > 1e-4 for each in changes.values()), changes
    return max(float(np.abs(weights[name] - expected[name]).max() / changes[name]) for name in expected)


@pytest.mark.parametrize("engine", engines.ENGINES)
@pytest.mark.parametrize("dummy", DUMMIES)
def test_it_is_trained_correctly_or_named_in_an_error(dummy: str, engine: str) -> None:
    recipe = recipe_of(dummy, engine)
    if engine not in CLAIMED[dummy]:
        field = FIELDS[dummy][0]
        with pytest.raises(sf.EngineError, match=f"{engine} cannot train this recipe: .*{field} must be"):
            next(iter(sf.train(picture(ROWS, COLUMNS), recipe=recipe)))
        return
    assert relative_error(dummy, engine) < (1e-9 if engine == "autograd" else 5e-4)


@pytest.mark.parametrize("dummy", DUMMIES)
def test_auto_chooses_an_engine_that_claims_it(dummy: str) -> None:
    assert choose(changed(recipe_of(dummy, "fused"), {"engine": "auto"})) in CLAIMED[dummy]


@pytest.mark.slow
def test_a_spec_that_claims_too_much_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    everything = engines.Rule(lambda _: True, "anything")
    for field in ("model.encoding", "training.loss"):
        fused = engines.ENGINES["fused"]
        lax = dataclasses.replace(fused, rules={**fused.rules, field: everything})
        monkeypatch.setitem(engines.ENGINES, "fused", lax)
    with pytest.raises(sf.EngineError, match="encoding learned is trained and not compiled"):
        relative_error("learned", "fused")
    with pytest.raises(sf.EngineError, match="loss cauchy has no scalar value and derivative"):
        relative_error("cauchy", "fused")
    # An engine that computes the encoding once would not train it.
    monkeypatch.setattr(fused_engine, "is_trained", lambda model: False)
    assert relative_error("learned", "fused") > 0.5


def test_a_missing_fact_raises_at_the_definition() -> None:
    for family in (each for each in choices.FAMILIES if each.facts):
        before = set(family.members)
        facts = {fact: lambda *_: 0 for fact in family.facts[1:]}
        with pytest.raises(
            TypeError, match=f"^{family.family} vague must define {family.facts[0]}: class {family.__name__} "
        ):
            type("Vague", (family,), facts, name="vague")
        assert set(family.members) == before


def test_a_compiled_optimizer_must_define_its_memory() -> None:
    facts = {"compiled": "a:b", "memory": lambda *_: None}
    with pytest.raises(TypeError, match="^optimizer vague must define compiled_memory: class Optimizer says"):
        type("Vague", (choices.ElementwiseOptimizer,), facts, name="vague")


def test_every_compiled_optimizer_defines_its_memory() -> None:
    size = NetworkSize(tuple(LinearLayer(4, 4, biases=True) for _ in range(3)), 60, 20)
    accepts = engines.FUSED.rules["training.optimizer"].accepts
    for name, member in choices.Optimizer.members.items():
        memory = member().compiled_memory(size, threads=1)
        assert (memory is not None) == accepts(member()), name


@pytest.mark.parametrize("inputs", [1, 2, 3, 7])
@pytest.mark.parametrize("name", choices.Encoding.members)
def test_an_encodings_facts_equal_those_of_its_module(name: str, inputs: int) -> None:
    choice = choices.Encoding.members[name]()
    if choice.dimensions not in (None, inputs):
        with pytest.raises(RecipeError, match=f"must be defined for {inputs} inputs"):
            encodings.build(choice, inputs, np.random.default_rng(0), (0.0, 1.0))
        return
    module = encodings.build(choice, inputs, np.random.default_rng(0), (0.0, 1.0))
    values = torch.rand(5, inputs, dtype=torch.float64)
    features = module.double()(values)
    assert features.shape == (5, choice.outputs(inputs))
    assert choice.identity == torch.equal(features, values)
    assert {key: tuple(value.shape) for key, value in module.state_dict().items()} == choice.shapes(inputs)
    trained = sum(each.numel() for each in module.parameters() if each.requires_grad)
    assert trained == choice.parameters(inputs)


@pytest.mark.parametrize("dummy", DUMMIES)
def test_a_components_facts_are_true(dummy: str) -> None:
    recipe = recipe_of(dummy, "autograd")
    network = models.build(recipe.model, 3, 0)
    description = describe(recipe)
    assert description.parameters == sum(parameter.numel() for parameter in network.parameters())
    assert {name: tuple(value.shape) for name, value in network.state_dict().items()} == models.shapes(recipe.model, 3)
    assert f"{description.layers[0].inputs * 11 + 11:,} parameters" in "\n".join(drawing(description))
    assert training(recipe, Size(COLUMNS, ROWS)) > 8 * description.parameters
    assert operations(recipe, 63, 8) is not None
