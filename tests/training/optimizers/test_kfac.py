"""Comparisons of K-FAC with the inverted blocks of the Fisher matrix, and with least squares."""

from __future__ import annotations

import copy
import gc
import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sfumato import images, models
from sfumato.recipe import Model, Recipe, changed, choices
from sfumato.training import PictureProblem, Trainer, resolve
from sfumato.training.optimizers import build, kfac

Matrix = NDArray[Any]
SAMPLES = 12


def network(*sizes: int, seed: int = 1, biases: bool = True) -> nn.Sequential:
    """Return linear layers with tanh between them, float64."""
    random = torch.Generator().manual_seed(seed)
    layers: list[nn.Module] = []
    for fan_in, fan_out in itertools.pairwise(sizes):
        layers += [nn.Linear(fan_in, fan_out, bias=biases, dtype=torch.float64), nn.Tanh()]
    model = nn.Sequential(*layers[:-1])
    for parameter in model.parameters():
        parameter.data = torch.randn(parameter.shape, generator=random, dtype=torch.float64)
    return model


def data(outputs: int, samples: int = SAMPLES) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(5)
    return (
        torch.randn(samples, 2, generator=random, dtype=torch.float64),
        torch.randn(samples, outputs, generator=random, dtype=torch.float64),
    )


def descend(model: nn.Module, optimizer: torch.optim.Optimizer, x: Tensor, y: Tensor) -> None:
    """Take a step on the mean over samples of half the squared error."""
    model.zero_grad()
    (0.5 * (model(x) - y).square().sum() / len(x)).backward()
    optimizer.step()


def linear_layers(model: nn.Module) -> list[nn.Linear]:
    return [layer for layer in model.modules() if isinstance(layer, nn.Linear)]


def with_bias(layer: nn.Linear, *, gradient: bool = False) -> Matrix:
    """Return a copy of weights and biases, or of their gradients, (outputs, inputs + 1)."""
    parameters = [layer.weight] if layer.bias is None else [layer.weight, layer.bias]
    columns = [(parameter.grad if gradient else parameter.detach()) for parameter in parameters]
    return np.concatenate([np.asarray(column).reshape(layer.out_features, -1) for column in columns], axis=1)


def factors(model: nn.Sequential, x: Tensor) -> list[tuple[Matrix, Matrix]]:
    """Return A and G of each layer: G is J^T J of the outputs by the layer's preactivations, output by output."""
    calls: list[tuple[nn.Linear, Tensor, Tensor]] = []
    value = x
    for layer in model:
        below, value = value, layer(value)
        if isinstance(layer, nn.Linear):
            calls.append((layer, below.detach(), value))
    moments: list[tuple[Matrix, Matrix]] = []
    for layer, inputs, preactivations in calls:
        ones = np.ones((len(x), 0 if layer.bias is None else 1))
        rows = np.concatenate([inputs.numpy(), ones], axis=1)
        g = np.zeros((layer.out_features, layer.out_features))
        for sample in range(len(x)):
            for output in range(value.shape[1]):
                (grad,) = torch.autograd.grad(value[sample, output], preactivations, retain_graph=True)
                g += np.outer(grad[sample].numpy(), grad[sample].numpy()) / len(x)
        moments.append((rows.T @ rows / len(x), g))
    return moments


def damped(a: Matrix, g: Matrix, damping: float) -> Matrix:
    """Return A (x) G with damping in both factors (section 6.3), for matrices whose columns are stacked."""
    pi = math.sqrt((np.trace(a) / len(a)) / (np.trace(g) / len(g)))
    root = math.sqrt(damping)
    return np.kron(a + pi * root * np.eye(len(a)), g + root / pi * np.eye(len(g)))


def natural_gradient(fisher: Matrix, gradient: Matrix) -> Matrix:
    return np.linalg.solve(fisher, gradient.reshape(-1, order="F")).reshape(gradient.shape, order="F")


def scaled_natural_gradient(fishers: list[Matrix], gradients: list[Matrix], rate: float) -> list[Matrix]:
    """Return F^-1 g, scaled to the learning rate in the metric of F over all layers together."""
    updates = [natural_gradient(fisher, gradient) for fisher, gradient in zip(fishers, gradients, strict=True)]
    flat = [update.reshape(-1, order="F") for update in updates]
    square = sum(float(u @ fisher @ u) for u, fisher in zip(flat, fishers, strict=True))
    return [rate * update / math.sqrt(square) for update in updates]


# With one output the signs do not matter, and the moments are exactly those of the Fisher matrix.
@pytest.mark.parametrize("biases", [True, False])
@pytest.mark.parametrize("damping", [1e-6, 0.01, 10.0])
def test_a_step_is_the_gradient_times_the_inverse_fisher_blocks(damping: float, biases: bool) -> None:
    model, (x, y) = network(2, 4, 3, 1, biases=biases), data(1)
    layers = linear_layers(model)
    fishers = [damped(a, g, damping) for a, g in factors(model, x)]
    before = [with_bias(layer) for layer in layers]
    descend(model, build(choices.KFAC(lr=0.1, damping=damping), model), x, y)
    steps = scaled_natural_gradient(fishers, [with_bias(layer, gradient=True) for layer in layers], 0.1)
    for layer, start, expected in zip(layers, before, steps, strict=True):
        moved = start - with_bias(layer)
        np.testing.assert_allclose(moved, expected, rtol=1e-6, atol=1e-9 * np.abs(expected).max())
        assert np.abs(moved).max() > 1e-3


@pytest.mark.slow
def test_many_steps_equal_the_formula() -> None:
    choice = choices.KFAC(lr=0.1, momentum=0.6, damping=0.01, samples=7, decay=0.75, update_interval=4)
    model, (x, y) = network(2, 4, 3, 1), data(1)
    optimizer = build(choice, model)
    layers = linear_layers(model)
    expected_weights = [with_bias(layer) for layer in layers]
    means: list[Any] = [0.0 for _ in layers]
    moments: list[tuple[Any, Any]] = [(0.0, 0.0) for _ in layers]
    fishers: list[Matrix] = []
    for t in range(1, 14):
        new = max(1 / t, 0.25)
        moments = [
            ((1 - new) * old_a + new * a, (1 - new) * old_g + new * g)
            for (old_a, old_g), (a, g) in zip(moments, factors(model, x[:7]), strict=True)
        ]
        if t in (1, 2, 3, 4, 5, 8, 12):
            fishers = [damped(a, g, 0.01) for a, g in moments]
        descend(model, optimizer, x, y)
        means = [0.6 * m + 0.4 * with_bias(layer, gradient=True) for m, layer in zip(means, layers, strict=True)]
        expected_weights = [
            w - step for w, step in zip(expected_weights, scaled_natural_gradient(fishers, means, 0.1), strict=True)
        ]
        for w, layer in zip(expected_weights, layers, strict=True):
            np.testing.assert_allclose(with_bias(layer), w, rtol=1e-6, atol=1e-8)


def test_least_squares_take_one_step() -> None:
    """Train one linear layer with one output: its Fisher matrix is one block, and the loss is quadratic.

    The learning rate that leads to the minimum is the root mean square change of the outputs on the way there.
    """
    model, (x, y) = network(2, 1), data(1)
    columns = np.concatenate([x.numpy(), np.ones((SAMPLES, 1))], axis=1)
    best, *_ = np.linalg.lstsq(columns, y.numpy(), rcond=None)
    change = columns @ best - model(x).detach().numpy()
    rate = math.sqrt(np.square(change).mean())
    descend(model, build(choices.KFAC(lr=rate, damping=1e-14), model), x, y)
    np.testing.assert_allclose(with_bias(linear_layers(model)[0]), best.T, atol=1e-5)


@pytest.mark.slow
def test_random_signs_have_the_moments_of_all_outputs() -> None:
    model, (x, y) = network(2, 4, 3), data(3)
    optimizer = build(choices.KFAC(lr=0, decay=0.9999), model)
    for _ in range(1000):
        descend(model, optimizer, x, y)
    for layer, (a, g) in zip(linear_layers(model), factors(model, x), strict=True):
        state = optimizer.state[layer.weight]
        np.testing.assert_allclose(state["inputs"], a, rtol=1e-9)
        np.testing.assert_allclose(state["errors"], g, atol=0.06 * np.abs(g).max())


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"model": {"activation": "relu", "init": "he", "encoding": "fourier(sigma=5, features=256)"}},
        {"model": {"activation": "sine(omega=30)", "init": "siren(omega=30)"}},
        {"model": {"activation": "gaussian(width=0.1)", "init": "siren(omega=2.45)"}},
    ],
    ids=["fourier", "sine", "gaussian"],
)
def test_its_defaults_train_layers_with_more_inputs_than_samples(changes: dict[str, Any]) -> None:
    """Test the damping: in the directions that no sample has, a step must not be almost without bound."""
    common = {
        "picture": {"source": "cat", "max_side": 32}, "model": {"depth": 2, "width": 160}, "budget": {"steps": 60},
        "training": {"optimizer": "kfac", "batch": 256}, "evaluation": {"interval": "end"}, "threads": 1,
    }  # fmt: skip
    recipe = resolve(changed(changed(Recipe(), common), changes))
    assert choices.KFAC().samples < 160
    *_, last = Trainer(recipe, PictureProblem(recipe, images.load(recipe.picture))).snapshots()
    assert last.evaluation is not None
    assert last.evaluation.psnr > 20


def test_an_activation_may_overwrite_preactivations() -> None:
    def train(*, inplace: bool) -> list[Tensor]:
        torch.manual_seed(7)
        model = nn.Sequential(nn.Linear(2, 6), nn.LeakyReLU(inplace=inplace), nn.Linear(6, 2)).double()
        optimizer = build(choices.KFAC(), model)
        for _ in range(3):
            descend(model, optimizer, *data(2))
        return list(model.parameters())

    for one, other in zip(train(inplace=True), train(inplace=False), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=0)


def test_adam_updates_large_layers_and_other_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kfac, "MAX_SIDE", 5)
    model = nn.Sequential(nn.Linear(2, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 4), nn.Linear(4, 2)).double()
    optimizer = build(choices.KFAC(adam_lr=0.01), model)
    before = [parameter.detach().clone() for parameter in model.parameters()]
    descend(model, optimizer, *data(2))
    names = ["inputs" in optimizer.state[parameter] for parameter in model.parameters()]
    assert names == [*[False] * 6, True, False]
    moved = [(old - new.detach()).abs().max() for old, new in zip(before, model.parameters(), strict=True)]
    # Adam's first step has the size of its learning rate.
    assert moved[0] == pytest.approx(0.01, rel=1e-3)
    assert all(distance > 1e-6 for distance in (*moved[2:5], *moved[6:]))


class Unusual(nn.Module):
    """Linear layers that are tied, not called, reparametrized, and partly frozen."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(2, 4)
        self.tied, self.again = nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False)
        self.again.weight = self.tied.weight
        self.uncalled = nn.Linear(4, 4)
        self.computed = nn.utils.parametrizations.weight_norm(nn.Linear(4, 4))
        self.last = nn.Linear(4, 2)
        self.last.weight.requires_grad = False

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs, (N, 2) -> (N, 2)."""
        y = self.again(torch.tanh(self.tied(torch.tanh(self.first(x)))))
        return self.last(torch.tanh(self.computed(torch.tanh(nn.functional.linear(y, self.uncalled.weight)))))


def test_unusual_linear_layers_are_trained_too() -> None:
    torch.manual_seed(1)
    model = Unusual().double()
    optimizer = build(choices.KFAC(), model)
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    for _ in range(2):
        descend(model, optimizer, *data(2))
    still = [name for name, parameter in model.named_parameters() if torch.equal(parameter, before[name])]
    assert still == ["uncalled.bias", "last.weight"]


@pytest.mark.parametrize("value", [0.0, math.nan])
def test_zero_and_nan_gradients_raise_nothing(value: float) -> None:
    model = network(2, 4, 1)
    for parameter in model.parameters():
        parameter.data.fill_(value)
    optimizer = build(choices.KFAC(update_interval=1), model)
    for _ in range(3):
        descend(model, optimizer, *data(1))


def test_a_copy_of_the_model_is_not_recorded() -> None:
    model, (x, y) = network(2, 4, 1), data(1)
    optimizer = build(choices.KFAC(), model)
    descend(model, optimizer, x, y)
    copied = copy.deepcopy(model)
    copied(100 * x)
    assert set(vars(optimizer)["_inputs"]) == {id(layer.weight) for layer in linear_layers(model)}


@pytest.mark.slow
def test_hooks_do_nothing_after_the_optimizer_is_gone() -> None:
    model, (x, _) = network(2, 4, 1), data(1)
    optimizer = build(choices.KFAC(), model)
    del optimizer
    gc.collect()
    assert torch.isfinite(model(x)).all()


def test_gains_of_normalized_weights_are_left_to_adam() -> None:
    model = models.mlp(Model.of({"width": (5, 4), "normalization": "weight"}), 3, 1, torch.float64)
    optimizer = build(choices.KFAC(), model)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    groups = [[names[id(each)] for each in group["params"]] for group in optimizer.param_groups]
    preconditioned = [[f"layers.{k}.weight", f"layers.{k}.bias"] for k in range(3)]
    assert groups == [[f"layers.{k}.gain" for k in range(3)], *preconditioned]
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    for _ in range(3):
        descend(model, optimizer, *data(3))
    assert all(not torch.equal(parameter, before[name]) for name, parameter in model.named_parameters())
