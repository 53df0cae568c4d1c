"""Shampoo against its formula in NumPy, and against the library pytorch-optimizer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import pytorch_optimizer as library
import torch
from torch import nn

from sfumato.recipe import choices
from sfumato.training.optimizers import build
from sfumato.training.optimizers.shampoo import inverse_root
from tests.training.optimizers.test_optimizers import gradient_of, task

CHOICE = choices.Shampoo(lr=0.05, eps=1e-4)


def updated(w: np.ndarray, g: np.ndarray, s: dict[str, Any], roots_too: bool) -> np.ndarray:
    def root(name: str, power: float) -> np.ndarray:
        if roots_too:
            values, vectors = np.linalg.eigh(s[name])
            s[f"{name}_root"] = (vectors * values**power) @ vectors.T
        return s[f"{name}_root"]

    column = g.reshape(len(g), -1)
    s["l"] = s.get("l", 1e-4 * np.eye(len(g))) + column @ column.T
    if g.ndim == 1:
        return w - 0.05 * root("l", -1 / 2) @ g
    s["r"] = s.get("r", 1e-4 * np.eye(g.shape[1])) + g.T @ g
    return w - 0.05 * root("l", -1 / 4) @ g @ root("r", -1 / 4)


@pytest.mark.parametrize("interval", [1, 3])
def test_twenty_steps_equal_the_papers_formula(interval: int) -> None:
    model, loss = task()
    optimizer = build(choices.Shampoo(lr=0.05, eps=1e-4, update_interval=interval), model)
    parameters = list(model.parameters())
    expected = [parameter.detach().numpy().copy() for parameter in parameters]
    states: list[dict[str, Any]] = [{} for _ in parameters]
    for t in range(20):
        loss()
        gradients = [gradient_of(parameter) for parameter in parameters]
        refresh = t % interval == 0
        expected = [updated(w, g, s, refresh) for w, g, s in zip(expected, gradients, states, strict=True)]
        optimizer.step()
    for w, parameter in zip(expected, parameters, strict=True):
        np.testing.assert_allclose(parameter.detach().numpy(), w, rtol=1e-7, atol=1e-9)


def test_twenty_steps_equal_the_library() -> None:
    model, loss = task()
    plain, plain_loss = task()
    optimizer = build(CHOICE, model)
    reference = library.Shampoo(list(plain.parameters()), lr=0.05, matrix_eps=1e-4)
    start = [parameter.detach().clone() for parameter in model.parameters()]
    for step in range(20):
        for group in (*optimizer.param_groups, *reference.param_groups):
            group["lr"] = 0.05 * (1 - step / 40)
        optimizer.step(loss)
        plain_loss()
        reference.step()
    for ours, theirs, first in zip(model.parameters(), plain.parameters(), start, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-7, atol=1e-9)
        assert (ours - first).abs().max() > 1e-3


def test_a_root_of_a_sum_that_is_singular_but_for_rounding_is_finite() -> None:
    # Many gradients in few directions, far larger than the initial diagonal, as those of units that are often 0.
    rows = torch.randn(300, 8, generator=torch.Generator().manual_seed(1)) * 100
    matrix = rows @ rows.mT + 1e-6 * torch.eye(300)
    root = inverse_root(matrix, 4, 1e-6)
    assert torch.isfinite(root).all()
    values, vectors = torch.linalg.eigh(rows.mT.double() @ rows.double())
    # Eigenvectors of the large eigenvalues, which those of the small product have.
    large = rows.double() @ vectors / values.sqrt()
    found = (large * (root.double() @ large)).sum(dim=0)
    torch.testing.assert_close(found, values**-0.25, rtol=1e-3, atol=0)
    assert 0.9 * 1e-6**-0.25 < float(torch.linalg.matrix_norm(root, 2)) < 1.1 * 1e-6**-0.25


def test_gradients_that_are_not_finite_give_weights_that_are_not_finite() -> None:
    layer = nn.Linear(3, 3)
    optimizer = build(choices.Shampoo(), layer)
    for parameter in layer.parameters():
        parameter.grad = torch.full_like(parameter, math.nan)
    optimizer.step()
    assert all(not torch.isfinite(parameter).any() for parameter in layer.parameters())


def test_weights_are_updated_from_the_first_step_at_any_interval() -> None:
    layer = nn.Linear(3, 3).double()
    before = layer.weight.detach().clone()
    optimizer = build(choices.Shampoo(update_interval=5), layer)
    for parameter in layer.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    assert (layer.weight - before).abs().min() > 1e-3
