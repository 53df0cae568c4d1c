"""SOAP (Vyas et al. 2024, "SOAP: Improving and Stabilizing Shampoo using Adam", arXiv 2409.11321).

Adam in another basis: the eigenvectors of the running means of G G^T and G^T G, which are Shampoo's two factors of a
matrix's gradient G. It is the paper's Algorithm 3 with Adam's corrections for the means' start, and with what the
authors' program adds: the first step only looks, for in the basis of one gradient that gradient is diagonal, and all
else in it rounding; and a basis is kept in the order of its eigenvalues. Biases are Adam's, as in the paper.

Adam's mean is kept in the basis and turned with it when that changes, which is what the paper computes by turning it in
every step, for two products less.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from sfumato.parallel import parallel_map
from sfumato.recipe import choices
from sfumato.recipe.choices.optimizers import MAX_SIDE
from sfumato.training.optimizers.adam_step import adam_step
from sfumato.training.optimizers.closure import loss_of


@dataclass(frozen=True)
class Side:
    """The left or the right of a matrix, by the names of what is remembered of it."""

    moments: str
    basis: str
    dim: int
    """Which index of the matrix it turns."""

    def product(self, matrix: Tensor) -> Tensor:
        """G G^T on the left, G^T G on the right."""
        return matrix @ matrix.mT if self.dim == 0 else matrix.mT @ matrix


SIDES = (Side("left_moments", "left_basis", 0), Side("right_moments", "right_basis", 1))


def sides(matrix: Tensor) -> list[Side]:
    """Those that are turned."""
    return [side for side in SIDES if matrix.shape[side.dim] <= MAX_SIDE]


def eigenvectors(moments: Tensor) -> Tensor:
    """(n, n) -> (n, n): orthonormal columns, those of large eigenvalues first; the identity where nothing is finite."""
    if not torch.isfinite(moments).all():
        return torch.eye(len(moments), dtype=moments.dtype, device=moments.device)
    return _by_rows(torch.linalg.eigh(moments.double())[1].flip(1).to(moments.dtype))


def closer(moments: Tensor, basis: Tensor) -> tuple[Tensor, Tensor]:
    """One step of orthogonal iteration (the paper's Algorithm 4): ``basis`` nearer to the eigenvectors of ``moments``.

    Both (n, n). Returns the new basis, and which column of the old one each of its columns came from: they are put in
    the order of their Rayleigh quotients first.
    """
    product = moments @ basis
    order = (basis * product).sum(dim=0).argsort(descending=True, stable=True)
    return _by_rows(torch.linalg.qr(product[:, order])[0]), order


def _by_rows(basis: Tensor) -> Tensor:
    # As it will lie when it is read from a checkpoint: products round otherwise where a matrix lies by columns.
    return basis.contiguous()


def turned(matrix: Tensor, state: dict[str, Any], *, back: bool = False) -> Tensor:
    """A matrix in the basis of its sides, or ``back`` from it."""
    left, right = state.get("left_basis"), state.get("right_basis")
    if left is not None:
        matrix = (left if back else left.mT) @ matrix
    if right is not None:
        matrix = matrix @ (right.mT if back else right)
    return matrix


class Soap(torch.optim.Optimizer):
    """A group with ``soap=True`` holds matrices; the others are Adam's."""

    def __init__(self, groups: list[dict[str, Any]], choice: choices.SOAP, threads: int) -> None:
        super().__init__(groups, {"lr": choice.lr, "soap": False})
        self._choice = choice
        self._threads = threads

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """One update of every parameter that has a gradient."""
        loss = loss_of(closure)
        betas = (self._choice.beta1, self._choice.beta2)
        for group in self.param_groups:
            with_gradient = [parameter for parameter in group["params"] if parameter.grad is not None]
            rate = group["lr"]
            if group["soap"] and with_gradient:
                # Asked for here: threads may not add to the state together.
                work = [(matrix, self.state[matrix]) for matrix in with_gradient]
                parallel_map(lambda one, rate=rate: self._matrix_step(*one, rate), work, self._threads)
            elif not group["soap"]:
                for parameter in with_gradient:
                    adam_step(parameter, self.state[parameter], rate, betas, self._choice.eps)
        return loss

    # A decorator of the caller's does not reach its threads.
    @torch.no_grad()
    def _matrix_step(self, matrix: nn.Parameter, state: dict[str, Any], rate: float) -> None:
        gradient, choice = matrix.grad, self._choice
        assert gradient is not None
        if not state:
            self._look(gradient, state)
            return
        state["step"] += 1
        step, inside = state["step"], turned(gradient, state)
        mean = state["mean"].lerp_(inside, 1 - choice.beta1)
        square = state["square"].mul_(choice.beta2).addcmul_(inside, inside, value=1 - choice.beta2)
        root = square.sqrt().div_(math.sqrt(1 - choice.beta2**step)).add_(choice.eps)
        matrix.add_(turned(mean / root, state, back=True), alpha=-rate / (1 - choice.beta1**step))
        for side in sides(gradient):
            state[side.moments].lerp_(side.product(gradient), 1 - choice.beta2)
        if step % choice.update_interval == 0:
            _refresh(state)

    def _look(self, gradient: Tensor, state: dict[str, Any]) -> None:
        state["step"] = 0
        state["mean"], state["square"] = torch.zeros_like(gradient), torch.zeros_like(gradient)
        for side in sides(gradient):
            state[side.moments] = side.product(gradient) * (1 - self._choice.beta2)
            state[side.basis] = eigenvectors(state[side.moments])


def _refresh(state: dict[str, Any]) -> None:
    mean = turned(state["mean"], state, back=True)
    for side in sides(mean):
        state[side.basis], order = closer(state[side.moments], state[side.basis])
        state["square"] = state["square"].index_select(side.dim, order)
    state["mean"] = turned(mean, state)


def build(choice: choices.SOAP, model: nn.Module, threads: int) -> torch.optim.Optimizer:
    """Two groups at one rate: the matrices, and the rest."""
    matrices = [parameter for parameter in model.parameters() if parameter.ndim == 2]
    rest = [parameter for parameter in model.parameters() if parameter.ndim != 2]
    groups: list[dict[str, Any]] = [{"params": rest, "lr": choice.lr}] if rest else []
    groups += [{"params": matrices, "lr": choice.lr, "soap": True}] if matrices else []
    return Soap(groups, choice, threads)
