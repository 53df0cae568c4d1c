"""Comparisons of SOAP with the paper's algorithm in NumPy, with known eigenvectors, and with Adam."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sfumato.recipe import choices
from sfumato.training.optimizers import build, soap

Matrix = NDArray[Any]
SHAPES = [(6, 4), (5, 5), (3, 5), (5,)]


class Parameters(nn.Module):
    """Parameters of chosen shapes, whose gradients are set by the test."""

    def __init__(self, shapes: Sequence[tuple[int, ...]], seed: int = 1, dtype: torch.dtype = torch.float64) -> None:
        super().__init__()
        random = torch.Generator().manual_seed(seed)
        start = [torch.randn(shape, generator=random, dtype=dtype) for shape in shapes]
        self.tensors = nn.ParameterList([nn.Parameter(each) for each in start])


def steps_of(model: Parameters, optimizer: torch.optim.Optimizer, gradients: Sequence[Sequence[Tensor]]) -> None:
    for step in gradients:
        for parameter, gradient in zip(model.tensors, step, strict=True):
            parameter.grad = gradient.to(parameter.dtype)
        optimizer.step()


def random_gradients(shapes: Sequence[tuple[int, ...]], count: int) -> list[list[Tensor]]:
    random = torch.Generator().manual_seed(2)
    return [[torch.randn(shape, generator=random, dtype=torch.float64) for shape in shapes] for _ in range(count)]


class Reference:
    """Algorithm 3 of one matrix, line by line, with given initial bases; ``sides`` says which sides are rotated."""

    def __init__(self, choice: choices.SOAP, first: Matrix, left: Matrix, right: Matrix, sides: str = "both") -> None:
        self.choice, self.sides = choice, sides
        m, n = first.shape
        self.q_left = left if sides != "right" else np.eye(m)
        self.q_right = right if sides != "left" else np.eye(n)
        self.left, self.right = (1 - choice.beta2) * first @ first.T, (1 - choice.beta2) * first.T @ first
        self.mean, self.square, self.t = np.zeros((m, n)), np.zeros((m, n)), 0

    def update(self, g: Matrix) -> Matrix:
        c = self.choice
        self.t += 1
        in_basis = self.q_left.T @ g @ self.q_right
        self.mean = c.beta1 * self.mean + (1 - c.beta1) * g
        mean_in_basis = self.q_left.T @ self.mean @ self.q_right
        self.square = c.beta2 * self.square + (1 - c.beta2) * in_basis**2
        root = np.sqrt(self.square / (1 - c.beta2**self.t)) + c.eps
        update = self.q_left @ (mean_in_basis / (1 - c.beta1**self.t) / root) @ self.q_right.T
        self.left = c.beta2 * self.left + (1 - c.beta2) * g @ g.T
        self.right = c.beta2 * self.right + (1 - c.beta2) * g.T @ g
        if self.t % c.update_interval == 0:
            if self.sides != "right":
                self.q_left, order = self._eigenvectors(self.left, self.q_left)
                self.square = self.square[order]
            if self.sides != "left":
                self.q_right, order = self._eigenvectors(self.right, self.q_right)
                self.square = self.square[:, order]
        return c.lr * update

    @staticmethod
    def _eigenvectors(moments: Matrix, basis: Matrix) -> tuple[Matrix, NDArray[np.int64]]:
        order = np.argsort(-np.diag(basis.T @ moments @ basis))
        return np.linalg.qr(moments @ basis[:, order])[0], order


def state_of(optimizer: torch.optim.Optimizer, parameter: nn.Parameter) -> dict[str, Any]:
    return optimizer.state[parameter]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("update_interval", [1, 3])
@pytest.mark.parametrize(("max_side", "sides"), [(2048, ("both", "both", "both")), (4, ("right", "neither", "left"))])
def test_it_equals_the_papers_algorithm(
    update_interval: int, max_side: int, sides: tuple[str, ...], threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soap, "MAX_SIDE", max_side)
    choice = choices.SOAP(lr=0.02, beta1=0.8, beta2=0.7, eps=1e-3, update_interval=update_interval)
    model, gradients = Parameters(SHAPES), random_gradients(SHAPES, 12)
    optimizer = build(choice, model, threads)
    start = [parameter.detach().numpy().copy() for parameter in model.tensors]
    steps_of(model, optimizer, gradients[:1])
    references: list[Reference | None] = []
    for parameter, first, initial, side in zip(model.tensors, gradients[0], start, (*sides, "none"), strict=True):
        if parameter.ndim == 1:
            continue
        # The first step only initializes the state.
        np.testing.assert_array_equal(parameter.detach().numpy(), initial)
        g, state = first.numpy(), state_of(optimizer, parameter)
        m, n = g.shape
        left = state["left_basis"].numpy() if "left_basis" in state else np.eye(m)
        right = state["right_basis"].numpy() if "right_basis" in state else np.eye(n)
        assert ("left_basis" in state, "right_basis" in state) == (side in ("both", "left"), side in ("both", "right"))
        for name, q, moments in (("left", left, g @ g.T), ("right", right, g.T @ g)):
            if side in ("both", name):
                in_basis = q.T @ moments @ q
                np.testing.assert_allclose(q.T @ q, np.eye(len(q)), atol=1e-12)
                np.testing.assert_allclose(in_basis, np.diag(np.sort(np.diag(in_basis))[::-1]), atol=1e-10)
        references.append(None if side == "neither" else Reference(choice, g, left, right, side))
    for step in gradients[1:]:
        before = [parameter.detach().numpy().copy() for parameter in model.tensors]
        steps_of(model, optimizer, [step])
        for number, reference in enumerate(references):
            if reference is not None:
                expected = before[number] - reference.update(step[number].numpy())
                np.testing.assert_allclose(model.tensors[number].detach().numpy(), expected, rtol=0, atol=1e-9)
                assert np.abs(expected - before[number]).max() > 1e-3


def adam_of(choice: choices.SOAP, start: Tensor, gradients: Sequence[Tensor]) -> Tensor:
    """Return the parameter after PyTorch's Adam."""
    parameter = nn.Parameter(start.detach().clone())
    adam = torch.optim.Adam([parameter], lr=choice.lr, betas=(choice.beta1, choice.beta2), eps=choice.eps)
    for gradient in gradients:
        parameter.grad = gradient
        adam.step()
    return parameter.detach()


def test_adam_updates_biases() -> None:
    choice = choices.SOAP(lr=0.02, beta1=0.8, beta2=0.7, eps=1e-3)
    model, gradients = Parameters(SHAPES), random_gradients(SHAPES, 8)
    start = model.tensors[3].detach().clone()
    steps_of(model, build(choice, model), gradients)
    torch.testing.assert_close(model.tensors[3].detach(), adam_of(choice, start, [step[3] for step in gradients]))


def test_with_identity_bases_it_equals_adam() -> None:
    choice = choices.SOAP(lr=0.02, beta1=0.8, beta2=0.7, update_interval=10**9)
    model, gradients = Parameters(SHAPES[:1]), random_gradients(SHAPES[:1], 20)
    optimizer = build(choice, model)
    start = model.tensors[0].detach().clone()
    steps_of(model, optimizer, gradients[:1])
    state = state_of(optimizer, model.tensors[0])
    state["left_basis"], state["right_basis"] = (torch.eye(size, dtype=torch.float64) for size in SHAPES[0])
    steps_of(model, optimizer, gradients[1:])
    expected = adam_of(choice, start, [step[0] for step in gradients[1:]])
    torch.testing.assert_close(model.tensors[0].detach(), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("update_interval", [1, 4])
def test_with_fixed_eigenvectors_it_equals_adam_of_the_singular_values(update_interval: int) -> None:
    """Take gradients U D V^T with fixed U and V: SOAP must equal U Adam(D) V^T, for any order of D."""
    choice = choices.SOAP(lr=0.02, beta1=0.8, beta2=0.7, eps=1e-6, update_interval=update_interval)
    random = torch.Generator().manual_seed(3)
    u, v = (torch.linalg.qr(torch.randn(5, 5, generator=random, dtype=torch.float64))[0] for _ in range(2))
    values = torch.rand(20, 5, generator=random, dtype=torch.float64) + 0.5
    gradients = [u @ torch.diag(each) @ v.mT for each in values]
    model = Parameters([(5, 5)])
    start = model.tensors[0].detach().clone()
    steps_of(model, build(choice, model), [[gradient] for gradient in gradients])
    moved = u.mT @ (model.tensors[0].detach() - start) @ v
    expected = torch.diag(adam_of(choice, torch.zeros(5, dtype=torch.float64), list(values[1:])))
    torch.testing.assert_close(moved, expected, rtol=1e-6, atol=1e-6)
    assert expected.diagonal().abs().min() > 0.1


def test_the_basis_converges_to_the_eigenvectors() -> None:
    random = torch.Generator().manual_seed(4)
    x = torch.randn(8, 8, generator=random, dtype=torch.float64) * torch.linspace(1, 3, 8, dtype=torch.float64)
    moments, basis = x.mT @ x, torch.eye(8, dtype=torch.float64)
    for _ in range(200):
        basis, _ = soap.orthogonal_iteration(moments, basis)
    expected = soap.eigenvectors(moments)
    torch.testing.assert_close((basis.mT @ expected).abs(), torch.eye(8, dtype=torch.float64), rtol=0, atol=1e-8)


@pytest.mark.parametrize("value", [0.0, torch.nan])
def test_zero_and_nan_gradients_raise_nothing(value: float) -> None:
    model = Parameters([(4, 3)], dtype=torch.float32)
    optimizer = build(choices.SOAP(update_interval=1), model)
    start = model.tensors[0].detach().clone()
    steps_of(model, optimizer, [[torch.full((4, 3), value)]] * 4)
    if value == 0:
        torch.testing.assert_close(model.tensors[0].detach(), start, rtol=0, atol=0)
    else:
        assert model.tensors[0].isnan().all()
