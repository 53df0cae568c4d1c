"""Comparisons of the optimizers of the Hessian's diagonal with the explicit Hessian, in float64."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sfumato.recipe import choices
from sfumato.training.optimizers import HessianOptimizer, build
from sfumato.training.optimizers.hessian import hessian_vector_products

SIZES = [(5, 2), (5,), (2, 5), (2,)]
COUNT = sum(math.prod(size) for size in SIZES)
RANDOM = torch.Generator().manual_seed(3)
X = torch.rand(30, 2, generator=RANDOM, dtype=torch.float64)
Y = torch.rand(30, 2, generator=RANDOM, dtype=torch.float64)


def network() -> nn.Sequential:
    torch.manual_seed(5)
    return nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 2)).double()


def loss_of(weights: Tensor) -> Tensor:
    """Return the loss of all weights in one vector, written without the network."""
    w1, b1, w2, b2 = (
        piece.reshape(size) for piece, size in zip(weights.split([math.prod(s) for s in SIZES]), SIZES, strict=True)
    )
    return 0.5 * ((torch.tanh(X @ w1.T + b1) @ w2.T + b2 - Y) ** 2).sum(dim=1).mean()


def explicit(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the gradient (n,) and the Hessian (n, n)."""
    at = torch.from_numpy(weights)
    hessian = torch.autograd.functional.hessian(loss_of, at)
    gradient = torch.autograd.functional.jacobian(loss_of, at)
    assert isinstance(hessian, Tensor)
    assert isinstance(gradient, Tensor)
    return gradient.numpy(), hessian.numpy()


def flat(model: nn.Module) -> np.ndarray:
    return np.concatenate([parameter.detach().numpy().ravel() for parameter in model.parameters()])


def backward(model: nn.Module, *, create_graph: bool) -> None:
    loss = 0.5 * ((model(X) - Y) ** 2).sum(dim=1).mean()
    parameters = list(model.parameters())
    for parameter, gradient in zip(
        parameters, torch.autograd.grad(loss, parameters, create_graph=create_graph), strict=True
    ):
        parameter.grad = gradient


def test_products_are_those_of_the_explicit_hessian() -> None:
    model = network()
    backward(model, create_graph=True)
    parameters = list(model.parameters())
    vectors = [torch.randn(size, generator=RANDOM, dtype=torch.float64) for size in SIZES]
    products = hessian_vector_products(parameters, [p.grad for p in parameters if p.grad is not None], vectors)
    _, hessian = explicit(flat(model))
    expected = hessian @ np.concatenate([vector.numpy().ravel() for vector in vectors])
    found = np.concatenate([product.numpy().ravel() for product in products])
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-14)
    assert np.abs(expected).min() > 1e-4


def test_gradients_without_a_graph_contribute_nothing() -> None:
    one, other = (torch.ones(2, dtype=torch.float64, requires_grad=True) for _ in range(2))
    products = hessian_vector_products([one, other], [3 * one, torch.ones(2)], [torch.ones(2).double()] * 2)
    assert [product.tolist() for product in products] == [[3, 3], [0, 0]]
    products = hessian_vector_products([one], [torch.ones(2)], [torch.ones(2)])
    assert products[0].tolist() == [0, 0]


def vectors_of(step: int, *, signs: bool) -> np.ndarray:
    random = torch.Generator().manual_seed(step)
    pieces = [
        2.0 * torch.randint(0, 2, size, generator=random) - 1 if signs else torch.randn(size, generator=random)
        for size in SIZES
    ]
    return np.concatenate([piece.double().numpy().ravel() for piece in pieces])


def _esgd(w: np.ndarray, s: dict[str, Any], t: int) -> np.ndarray:
    g, hessian = explicit(w)
    if t <= 3 or (t - 1) % 4 == 0:
        s["n"] = s.get("n", 0) + 1
        s["d"] = 0.8 * s.get("d", 0) + 0.2 * (hessian @ vectors_of(t - 1, signs=True)) ** 2
    s["m"] = 0.9 * s.get("m", 0) + 0.1 * g
    return w - 0.02 * (s["m"] / (1 - 0.9**t)) / (np.sqrt(s["d"] / (1 - 0.8 ** s["n"])) + 1e-3)


def _sophia(w: np.ndarray, s: dict[str, Any], t: int) -> np.ndarray:
    g, hessian = explicit(w)
    if (t - 1) % 4 == 0:
        u = vectors_of(t - 1, signs=False)
        s["h"] = 0.8 * s.get("h", 0) + 0.2 * u * (hessian @ u)
    s["m"] = 0.9 * s.get("m", 0) + 0.1 * g
    update = np.clip(s["m"] / np.maximum(0.5 * s["h"], 1e-12), -1, 1)
    s["clipped"] = s.get("clipped", 0) + np.count_nonzero(np.abs(update) == 1)
    return (1 - 0.02 * 0.1) * w - 0.02 * update


@pytest.mark.slow
@pytest.mark.parametrize(
    ("choice", "formula"),
    [
        (choices.ESGD(lr=0.02, beta2=0.8, eps=1e-3, update_interval=4, warmup=3), _esgd),
        (choices.Sophia(lr=0.02, beta1=0.9, beta2=0.8, gamma=0.5, weight_decay=0.1, update_interval=4), _sophia),
    ],
    ids=["esgd", "sophia"],
)
def test_twenty_steps_equal_the_formula_with_the_explicit_hessian(choice: choices.Optimizer, formula: Any) -> None:
    model = network()
    optimizer = build(choice, model)
    assert isinstance(optimizer, HessianOptimizer)
    weights, state = flat(model), {}
    start = weights.copy()
    products = 0
    for t in range(1, 21):
        products += optimizer.differentiates()
        backward(model, create_graph=optimizer.differentiates())
        optimizer.step()
        weights = formula(weights, state, t)
    np.testing.assert_allclose(flat(model), weights, rtol=1e-9, atol=1e-12)
    assert np.abs(weights - start).min() > 1e-4
    assert 0 < state.get("clipped", 1) < 20 * COUNT
    assert isinstance(choice, choices.HessianOptimizer)
    assert products == choice.products(20)


def test_estimates_have_the_expectations_of_their_papers() -> None:
    """Test that squared products average to squared norms of rows, and v (H v) to the diagonal."""
    _, hessian = explicit(flat(network()))
    signs = np.stack([vectors_of(step, signs=True) for step in range(4000)])
    norms = np.sqrt(((signs @ hessian) ** 2).mean(axis=0))
    np.testing.assert_allclose(norms, np.linalg.norm(hessian, axis=1), rtol=0.1)
    normal = np.stack([vectors_of(step, signs=False) for step in range(4000)])
    diagonal = (normal * (normal @ hessian)).mean(axis=0)
    np.testing.assert_allclose(diagonal, np.diag(hessian), atol=0.1 * np.abs(hessian).max())
