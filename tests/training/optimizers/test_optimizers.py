"""A contract of all optimizers, and comparisons of each with its formula in NumPy."""

from __future__ import annotations

import gc
import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sfumato.models import build as build_model
from sfumato.recipe import Model, choices
from sfumato.training.engines.torch_state import flatten, unflatten
from sfumato.training.optimizers import build, kfac
from sfumato.training.optimizers.foof import invert
from sfumato.training.optimizers.muon import COEFFICIENTS, orthogonalize
from sfumato.training.optimizers.parameters import fan_in_groups, hidden_matrices

EVERY = [
    choices.SGD(lr=0.05),
    choices.SGD(lr=0.02, momentum=0.9, nesterov=True),
    choices.SGD(lr=0.5, fan_in_scaling=True),
    choices.Adam(lr=0.01),
    choices.AdamW(lr=0.01),
    choices.LazyAdam(lr=0.01),
    choices.RMSprop(lr=0.003),
    choices.Rprop(lr=0.01),
    choices.LBFGS(),
    choices.LBFGS(lr=0.5, line_search="none"),
    choices.Muon(lr=0.05, adam_lr=0.01),
    choices.FOOF(lr=0.05, adam_lr=0.01, update_interval=3, decay=0.8),
    choices.SOAP(lr=0.01, update_interval=2),
    choices.KFAC(lr=0.02, update_interval=3, decay=0.8),
    choices.ESGD(lr=0.1, update_interval=3, warmup=2),
    choices.Sophia(lr=0.01, update_interval=3),
    choices.Adan(lr=0.01),
    choices.Lion(lr=0.003),
    choices.Apollo(lr=0.002),
    choices.ScheduleFree(lr=0.02),
    choices.Shampoo(lr=0.05),
    choices.Shampoo(lr=0.01, eps=0.1, update_interval=3),
]


def task(seed: int = 1, *, differentiable: bool = False) -> tuple[nn.Module, Callable[[], float]]:
    """Return a small regression: a module, and a closure that computes loss and gradients."""
    model = build_model(Model.of({"depth": 3, "width": 16, "activation": "tanh", "init": "gaussian(1)"}), 2, seed)
    model = model.double()
    x = torch.linspace(-1, 1, 128, dtype=torch.float64).reshape(64, 2)
    y = torch.stack([torch.sin(3 * x[:, 0]), x[:, 1] ** 2], dim=1)

    parameters = list(model.parameters())

    def loss() -> float:
        value = ((model(x) - y) ** 2).mean()
        # Differentiable, for the optimizers that differentiate them again.
        gradients = torch.autograd.grad(value, parameters, create_graph=True)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient if differentiable else gradient.detach()
        return float(value.detach())

    return model, loss


def gradient_of(parameter: Tensor) -> np.ndarray:
    assert parameter.grad is not None
    return parameter.grad.numpy().copy()


@pytest.mark.slow
@pytest.mark.parametrize("choice", EVERY, ids=str)
def test_the_loss_falls(choice: choices.Optimizer) -> None:
    model, loss = task(differentiable=choice.differentiates_gradients)
    before = loss()
    optimizer = build(choice, model)
    for _ in range(60):
        optimizer.step(loss)
    assert loss() < 0.5 * before


@pytest.mark.parametrize("choice", EVERY, ids=str)
def test_every_parameter_is_in_one_group(choice: choices.Optimizer) -> None:
    model, _ = task(differentiable=choice.differentiates_gradients)
    grouped = [id(parameter) for group in build(choice, model).param_groups for parameter in group["params"]]
    assert sorted(grouped) == sorted(id(parameter) for parameter in model.parameters())


@pytest.mark.parametrize("choice", [choice for choice in EVERY if not isinstance(choice, choices.Rprop)], ids=str)
def test_learning_rate_0_changes_nothing(choice: choices.Optimizer) -> None:
    model, loss = task(differentiable=choice.differentiates_gradients)
    before = [parameter.clone() for parameter in model.parameters()]
    optimizer = build(choice, model)
    for group in optimizer.param_groups:
        group["lr"] = 0.0
    optimizer.step(loss)
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("choice", EVERY, ids=str)
def test_it_resumes_from_its_state_to_the_same_bits(choice: choices.Optimizer) -> None:
    model, loss = task(differentiable=choice.differentiates_gradients)
    optimizer = build(choice, model)
    for _ in range(5):
        optimizer.step(loss)
    other, other_loss = task(seed=2, differentiable=choice.differentiates_gradients)
    other.load_state_dict(model.state_dict())
    copy = build(choice, other)
    copy.load_state_dict(unflatten(flatten(optimizer.state_dict())))
    for _ in range(5):
        optimizer.step(loss)
        copy.step(other_loss)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True))


def test_a_failed_line_search_leaves_the_weights_and_training_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    model, loss = task()
    optimizer = build(choices.LBFGS(max_iter=2), model)
    optimizer.step(loss)
    before, at_first = [parameter.clone() for parameter in model.parameters()], loss()

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        # PyTorch's search divides by 0 where rounding has made two step lengths equal.
        patch.setattr(sys.modules[torch.optim.LBFGS.__module__], "_strong_wolfe", fail)
        assert float(optimizer.step(loss)) == at_first
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    for _ in range(10):
        optimizer.step(loss)
    assert loss() < 0.5 * at_first


Update = Callable[[np.ndarray, np.ndarray, dict[str, Any], int], np.ndarray]


def _sgd(w: np.ndarray, g: np.ndarray, s: dict[str, Any], t: int) -> np.ndarray:
    s["v"] = 0.9 * s["v"] + g if t > 1 else g
    return w - 0.02 * (g + 0.9 * s["v"])


def _adam(w: np.ndarray, g: np.ndarray, s: dict[str, Any], t: int) -> np.ndarray:
    s["m"] = 0.9 * s.get("m", 0) + 0.1 * g
    s["v"] = 0.999 * s.get("v", 0) + 0.001 * g * g
    return w - 0.01 * (s["m"] / (1 - 0.9**t)) / (np.sqrt(s["v"] / (1 - 0.999**t)) + 1e-8)


def _adamw(w: np.ndarray, g: np.ndarray, s: dict[str, Any], t: int) -> np.ndarray:
    return _adam(w * (1 - 0.01 * 0.01), g, s, t)


def _lazy_adam(w: np.ndarray, g: np.ndarray, s: dict[str, Any], t: int) -> np.ndarray:
    m, v, n = (s.get(name, np.zeros_like(g)) for name in "mvn")
    for i in np.argwhere(g != 0):
        at = tuple(i)
        m[at], v[at], n[at] = 0.9 * m[at] + 0.1 * g[at], 0.99 * v[at] + 0.01 * g[at] ** 2, n[at] + 1
        w[at] -= 0.01 * (m[at] / (1 - 0.9 ** n[at])) / (math.sqrt(v[at] / (1 - 0.99 ** n[at])) + 1e-15)
    s.update(m=m, v=v, n=n)
    return w


def _rmsprop(w: np.ndarray, g: np.ndarray, s: dict[str, Any], t: int) -> np.ndarray:
    s["v"] = 0.99 * s.get("v", 0) + 0.01 * g * g
    return w - 0.003 * g / (np.sqrt(s["v"]) + 1e-8)


def _rprop(w: np.ndarray, g: np.ndarray, s: dict[str, Any], t: int) -> np.ndarray:
    before, size = s.get("g", np.zeros_like(g)), s.get("size", np.full_like(g, 0.01))
    agreement = np.sign(before * g)
    s["size"] = np.clip(size * np.where(agreement > 0, 1.2, np.where(agreement < 0, 0.5, 1.0)), 1e-6, 50)
    s["g"] = np.where(agreement < 0, 0, g)
    return w - np.sign(s["g"]) * s["size"]


@pytest.mark.parametrize(
    ("choice", "update"),
    [
        (choices.SGD(lr=0.02, momentum=0.9, nesterov=True), _sgd),
        (choices.Adam(lr=0.01), _adam),
        (choices.AdamW(lr=0.01, weight_decay=0.01), _adamw),
        (choices.LazyAdam(), _lazy_adam),
        (choices.RMSprop(lr=0.003), _rmsprop),
        (choices.Rprop(lr=0.01), _rprop),
    ],
    ids=lambda value: str(value) if isinstance(value, choices.Choice) else "formula",
)
def test_twenty_steps_equal_the_formula(choice: choices.Optimizer, update: Update) -> None:
    model, loss = task()
    optimizer = build(choice, model)
    parameters = list(model.parameters())
    expected = [parameter.detach().numpy().copy() for parameter in parameters]
    states: list[dict[str, Any]] = [{} for _ in parameters]
    start = [w.copy() for w in expected]
    for t in range(1, 21):
        loss()
        # Some weights have no gradient in some of the steps.
        for number, parameter in enumerate(parameters):
            assert parameter.grad is not None
            parameter.grad.flatten()[number + t % 3 :: 3] = 0
        gradients = [gradient_of(parameter) for parameter in parameters]
        expected = [update(w, g, s, t) for w, g, s in zip(expected, gradients, states, strict=True)]
        optimizer.step()
    for w, parameter, first in zip(expected, parameters, start, strict=True):
        np.testing.assert_allclose(w, parameter.detach().numpy(), rtol=1e-9, atol=1e-11)
        assert np.abs(w - first).max() > 1e-3


def test_fan_in_scaling_is_the_2012_rule() -> None:
    model, _ = task()
    optimizer = build(choices.SGD(lr=0.1, fan_in_scaling=True), model)
    rates = [group["lr"] for group in optimizer.param_groups]
    assert rates == pytest.approx([0.1 / math.sqrt(3)] + [0.1 / math.sqrt(17)] * 3)
    assert [group.fan_in for group in fan_in_groups(model)] == [3, 17, 17, 17]


def test_hidden_matrices_exclude_the_first_and_the_last() -> None:
    model, _ = task()
    assert [tuple(matrix.shape) for matrix in hidden_matrices(model)] == [(16, 16), (16, 16)]


@pytest.mark.parametrize("shape", [(30, 30), (40, 20), (20, 40)])
def test_orthogonalize_keeps_singular_vectors_and_equalizes_singular_values(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    u, values, v = torch.linalg.svd(matrix, full_matrices=False)
    in_basis = u.mT @ orthogonalize(matrix, 5) @ v.mT
    diagonal = in_basis.diagonal()
    # The polynomial, iterated on the singular values divided by Schatten's 8-norm.
    expected = values / (values**8).sum() ** (1 / 8)
    a, b, c = COEFFICIENTS
    for _ in range(5):
        expected = a * expected + b * expected**3 + c * expected**5
    torch.testing.assert_close(diagonal, expected, rtol=1e-6, atol=1e-9)
    # Jordan's coefficients give singular values between about 0.7 and 1.2, except for the very smallest.
    assert (diagonal > 0.6).double().mean() > 0.9
    assert diagonal.max() < 1.25
    assert (in_basis - torch.diag(diagonal)).abs().max() < 1e-6


def test_orthogonalize_does_not_depend_on_scale() -> None:
    matrix = torch.randn((8, 8), generator=torch.Generator().manual_seed(1))
    for factor in (1e-18, 1000, 1e15):
        torch.testing.assert_close(orthogonalize(matrix, 3), orthogonalize(factor * matrix, 3), rtol=1e-4, atol=1e-5)
    assert orthogonalize(torch.zeros(4, 4), 5).abs().max() == 0


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_muon_equals_its_formula(threads: int) -> None:
    choice = choices.Muon(lr=0.05, momentum=0.9, nesterov=True, adam_lr=0.01)
    model, loss = task()
    optimizer = build(choice, model, threads)
    matrix, bias = hidden_matrices(model)[0], list(model.parameters())[1]
    expected, momentum = matrix.detach().clone(), torch.zeros_like(matrix)
    vector, mean, square = bias.detach().clone(), torch.zeros_like(bias), torch.zeros_like(bias)
    for t in range(1, 11):
        loss()
        assert matrix.grad is not None
        assert bias.grad is not None
        momentum = 0.9 * momentum + 0.1 * matrix.grad
        direction = 0.1 * matrix.grad + 0.9 * momentum
        expected = expected - 0.05 * orthogonalize(direction, choice.ns_steps)
        mean = 0.9 * mean + 0.1 * bias.grad
        square = 0.99 * square + 0.01 * bias.grad**2
        vector = vector - 0.01 * (mean / (1 - 0.9**t)) / ((square / (1 - 0.99**t)).sqrt() + 1e-8)
        optimizer.step()
    torch.testing.assert_close(matrix.detach(), expected, rtol=1e-8, atol=1e-9)
    torch.testing.assert_close(bias.detach(), vector, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("shape", [(12, 12), (20, 9), (7, 15)])
def test_the_frobenius_norm_is_that_of_jordan(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    values = values / values.square().sum().sqrt()
    for _ in range(5):
        values = 3.4445 * values - 4.7750 * values**3 + 2.0315 * values**5
    expected = left @ torch.diag(values) @ right
    torch.testing.assert_close(orthogonalize(matrix, 5, "frobenius"), expected, rtol=1e-8, atol=1e-9)
    assert not torch.allclose(orthogonalize(matrix, 5), expected, atol=1e-3)


def test_foof_equals_its_formula() -> None:
    choice = choices.FOOF(lr=0.05, momentum=0.9, damping=0.02, samples=40, decay=0.75, update_interval=4, adam_lr=0.01)
    model, loss = task()
    optimizer = build(choice, model)
    layer = [module for module in model.modules() if isinstance(module, nn.Linear)][1]
    inputs: list[np.ndarray] = []
    layer.register_forward_pre_hook(lambda _, arguments: inputs.append(arguments[0].detach().numpy().copy()))
    expected = np.concatenate([layer.weight.detach().numpy(), layer.bias.detach().numpy()[:, None]], axis=1)
    start, momentum, moments = expected.copy(), np.zeros_like(expected), np.zeros((17, 17))
    inverse = np.zeros((17, 17))
    for t in range(1, 12):
        loss()
        gradient = np.concatenate([gradient_of(layer.weight), gradient_of(layer.bias)[:, None]], axis=1)
        x = np.concatenate([inputs[-1][:40], np.ones((40, 1))], axis=1)
        # The first 1 / (1 - 0.75) steps have equal weights.
        moments = (1.0 if t <= 4 else 0.75) * moments + x.T @ x / 40
        damped = moments + 0.02 * np.trace(moments) / 17 * np.eye(17)
        if t == 1:
            inverse = np.linalg.inv(damped)
        momentum = 0.9 * momentum + 0.1 * gradient
        update = (0.1 * gradient + 0.9 * momentum) @ inverse
        expected = expected - 0.05 * math.sqrt(16) * update / np.linalg.norm(update)
        if t in (2, 3, 4, 5, 8):
            inverse = np.linalg.inv(damped)
        optimizer.step()
    np.testing.assert_allclose(layer.weight.detach(), expected[:, :-1], rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(layer.bias.detach(), expected[:, -1], rtol=1e-8, atol=1e-9)
    assert np.abs(expected - start).max() > 0.1


@pytest.mark.parametrize(
    "choice",
    [
        choices.Muon(adam_lr=0.01, adam_beta2=0.8),
        choices.Muon(adam_lr=0.01, adam_beta2=0.8, adam_eps=0.03),
        choices.FOOF(adam_lr=0.01, adam_beta2=0.8),
        choices.KFAC(adam_lr=0.01, adam_beta2=0.8),
    ],
    ids=str,
)
def test_adam_beside_a_preconditioner_has_its_own_decay(
    choice: choices.Muon | choices.FOOF | choices.KFAC, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The first layer of Muon and FOOF is Adam's; K-FAC leaves it only layers that are too large.
    monkeypatch.setattr(kfac, "MAX_SIDE", 1)
    eps = choice.adam_eps if isinstance(choice, choices.Muon) else 1e-8
    model, loss = task()
    optimizer = build(choice, model)
    weight = next(model.parameters())
    expected, state, start = weight.detach().numpy().copy(), (0.0, 0.0), weight.detach().clone()
    for t in range(1, 11):
        loss()
        gradient = gradient_of(weight)
        state = (0.9 * state[0] + 0.1 * gradient, 0.8 * state[1] + 0.2 * gradient**2)
        expected = expected - 0.01 * (state[0] / (1 - 0.9**t)) / (np.sqrt(state[1] / (1 - 0.8**t)) + eps)
        optimizer.step()
    np.testing.assert_allclose(weight.detach(), expected, rtol=1e-8, atol=1e-9)
    assert (weight.detach() - start).abs().max() > 0.01


@pytest.mark.slow
def test_foofs_hooks_do_nothing_after_the_optimizer_is_gone() -> None:
    model, loss = task()
    optimizer = build(choices.FOOF(), model)
    del optimizer
    gc.collect()
    assert math.isfinite(loss())


def test_moments_that_are_not_positive_definite_have_no_inverse() -> None:
    assert invert(torch.full((3, 3), math.nan), 0.1) is None
    assert invert(torch.zeros(3, 3), 0.1) is None
    lower = torch.tensor([[2.0, 9, 9], [1, 3, 9], [0.5, 1, 4]])
    whole = lower.tril() + lower.tril(-1).T
    torch.testing.assert_close(invert(lower, 0.1), torch.linalg.inv(whole.double() + 0.3 * torch.eye(3)))
    inverse = invert(torch.eye(3), 0.5)
    assert inverse is not None
    torch.testing.assert_close(inverse, torch.eye(3, dtype=torch.float64) / 1.5)
