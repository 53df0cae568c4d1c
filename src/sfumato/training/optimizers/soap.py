"""SOAP (Vyas et al. 2024, "SOAP: Improving and Stabilizing Shampoo using Adam", arXiv 2409.11321).

SOAP is Adam in another basis: the eigenvectors of the running means of G G^T and G^T G, which are Shampoo's two factors
of a matrix's gradient G. This is the paper's Algorithm 3 with Adam's bias correction, and with two additions of the
authors' program: the first step only initializes the state, because in the basis of a single gradient that gradient is
diagonal and its other elements are rounding errors; and a basis is sorted by its eigenvalues. Biases are updated by
Adam, as in the paper.

Adam's mean is stored in the basis and rotated when the basis changes. The paper rotates it in every step, which gives
the same result with two more products.
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
from sfumato.training.optimizers.adam_step import adam_step, evaluate_closure


@dataclass(frozen=True)
class Side:
    """The left or the right side of a matrix, with the names of its moments and its basis in the optimizer's state."""

    moments: str
    basis: str
    dim: int
    """The index of the matrix that the basis rotates."""

    def product(self, matrix: Tensor) -> Tensor:
        """Return G G^T for the left side, G^T G for the right."""
        return matrix @ matrix.mT if self.dim == 0 else matrix.mT @ matrix


SIDES = (Side("left_moments", "left_basis", 0), Side("right_moments", "right_basis", 1))


def sides(matrix: Tensor) -> list[Side]:
    """Return the sides that are rotated: those of at most `MAX_SIDE`."""
    return [side for side in SIDES if matrix.shape[side.dim] <= MAX_SIDE]


def eigenvectors(moments: Tensor) -> Tensor:
    """Return eigenvectors as columns, largest eigenvalue first, (n, n) -> (n, n); the identity if not all is finite."""
    if not torch.isfinite(moments).all():
        return torch.eye(len(moments), dtype=moments.dtype, device=moments.device)
    return _row_major(torch.linalg.eigh(moments.double())[1].flip(1).to(moments.dtype))


def orthogonal_iteration(moments: Tensor, basis: Tensor) -> tuple[Tensor, Tensor]:
    """Take a step of orthogonal iteration (the paper's Algorithm 4) from ``basis`` to the eigenvectors of ``moments``.

    Both are (n, n). Return the new basis, and for each of its columns the index of the old column it comes from:
    columns are sorted by their Rayleigh quotients first.
    """
    product = moments @ basis
    order = (basis * product).sum(dim=0).argsort(descending=True, stable=True)
    return _row_major(torch.linalg.qr(product[:, order])[0]), order


def _row_major(basis: Tensor) -> Tensor:
    # Row by row, as after loading a checkpoint: products with a column-major matrix round differently.
    return basis.contiguous()


def rotated(matrix: Tensor, state: dict[str, Any], *, back: bool = False) -> Tensor:
    """Return a matrix rotated into the bases of its sides, or ``back`` from them."""
    left, right = state.get("left_basis"), state.get("right_basis")
    if left is not None:
        matrix = (left if back else left.mT) @ matrix
    if right is not None:
        matrix = matrix @ (right.mT if back else right)
    return matrix


class SOAP(torch.optim.Optimizer):
    """SOAP for groups with ``soap=True``, which hold matrices; Adam for the others."""

    def __init__(self, groups: list[dict[str, Any]], choice: choices.SOAP, threads: int) -> None:
        super().__init__(groups, {"lr": choice.lr, "soap": False})
        self._choice = choice
        self._threads = threads

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Update every parameter that has a gradient; return the closure's loss."""
        loss = evaluate_closure(closure)
        choice = self._choice
        for group in self.param_groups:
            with_gradient = [parameter for parameter in group["params"] if parameter.grad is not None]
            rate = group["lr"]
            if group["soap"] and with_gradient:
                # Looked up here, because threads must not add to the state at the same time.
                work = [(matrix, self.state[matrix]) for matrix in with_gradient]
                parallel_map(lambda one, rate=rate: self._matrix_step(*one, rate), work, self._threads)
            elif not group["soap"]:
                for parameter in with_gradient:
                    adam_step(parameter, self.state[parameter], rate, choice.beta2, choice.beta1, choice.eps)
        return loss

    # The caller's decorator has no effect in its threads.
    @torch.no_grad()
    def _matrix_step(self, matrix: nn.Parameter, state: dict[str, Any], rate: float) -> None:
        gradient, choice = matrix.grad, self._choice
        assert gradient is not None
        if not state:
            self._initialize(gradient, state)
            return
        state["step"] += 1
        step, in_basis = state["step"], rotated(gradient, state)
        mean = state["mean"].lerp_(in_basis, 1 - choice.beta1)
        square = state["square"].mul_(choice.beta2).addcmul_(in_basis, in_basis, value=1 - choice.beta2)
        root = square.sqrt().div_(math.sqrt(1 - choice.beta2**step)).add_(choice.eps)
        matrix.add_(rotated(mean / root, state, back=True), alpha=-rate / (1 - choice.beta1**step))
        for side in sides(gradient):
            state[side.moments].lerp_(side.product(gradient), 1 - choice.beta2)
        if step % choice.update_interval == 0:
            _refresh(state)

    def _initialize(self, gradient: Tensor, state: dict[str, Any]) -> None:
        state["step"] = 0
        state["mean"], state["square"] = torch.zeros_like(gradient), torch.zeros_like(gradient)
        for side in sides(gradient):
            state[side.moments] = side.product(gradient) * (1 - self._choice.beta2)
            state[side.basis] = eigenvectors(state[side.moments])


def _refresh(state: dict[str, Any]) -> None:
    mean = rotated(state["mean"], state, back=True)
    for side in sides(mean):
        state[side.basis], order = orthogonal_iteration(state[side.moments], state[side.basis])
        state["square"] = state["square"].index_select(side.dim, order)
    state["mean"] = rotated(mean, state)


def build(choice: choices.SOAP, model: nn.Module, threads: int) -> torch.optim.Optimizer:
    """Return SOAP with two groups at one learning rate: the matrices, and all other parameters."""
    matrices = [parameter for parameter in model.parameters() if parameter.ndim == 2]
    rest = [parameter for parameter in model.parameters() if parameter.ndim != 2]
    groups: list[dict[str, Any]] = [{"params": rest, "lr": choice.lr}] if rest else []
    groups += [{"params": matrices, "lr": choice.lr, "soap": True}] if matrices else []
    return SOAP(groups, choice, threads)
