"""Muon (Jordan et al. 2024): orthogonalized momentum for the hidden matrices, Adam for all other parameters.

The momentum M = momentum * M + (1 - momentum) * G of a gradient G has the singular value decomposition U S V^T; the
update of an m x n matrix is W -= lr * sqrt(max(1, m / n)) * U V^T.

PyTorch's own Muon is not used: it computes in bfloat16, which CPUs without bfloat16 units emulate slowly.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor, nn

from sfumato.parallel import parallel_map
from sfumato.recipe import choices
from sfumato.training.optimizers.adam_step import adam_step, evaluate_closure
from sfumato.training.optimizers.parameters import hidden_matrices

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Coefficients of Jordan's quintic, which maps singular values in (0, 1] to about 0.7 to 1.2 in five iterations.

Fewer iterations, each with the polynomial that is optimal after the one before ("The Polar Express", Amsel et al.
2025), make a step cheaper, but gave 0.2 dB less in equal seconds.
"""


def orthogonalize(matrix: Tensor, iterations: int, norm: Literal["schatten8", "frobenius"] = "schatten8") -> Tensor:
    """Return about U V^T of the matrix's singular value decomposition by Newton-Schulz iterations, (m, n) -> (m, n).

    The iterations need singular values of at most 1, and converge faster the nearer the largest is to 1. The Frobenius
    norm is an upper bound, the root of the sum of squares. The square of X X^T, which the first iteration computes
    anyway, gives a tighter one, the eighth root of the sum of eighth powers (Schatten's 8-norm). Jordan divides by the
    Frobenius norm alone; five iterations then leave the smaller singular values of a large matrix well below 1. Zeros
    stay zeros.
    """
    a, b, c = COEFFICIENTS
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.mT if tall else matrix
    # Eighth powers must stay in the range of float32.
    x = x / torch.linalg.matrix_norm(x).clamp_min(torch.finfo(x.dtype).tiny)
    for number in range(iterations):
        gram = x @ x.mT
        square = gram @ gram
        if number == 0 and norm == "schatten8":
            largest = torch.linalg.matrix_norm(square).clamp_min(torch.finfo(x.dtype).tiny) ** 0.25
            x, gram, square = x / largest, gram / largest**2, square / largest**4
        x = torch.addmm(x, torch.add(c * square, gram, alpha=b), x, beta=a)
    return x.mT if tall else x


class Muon(torch.optim.Optimizer):
    """Muon for groups with ``muon=True``, which hold matrices; Adam for the others."""

    def __init__(self, groups: list[dict[str, Any]], choice: choices.Muon, threads: int) -> None:
        super().__init__(groups, {"lr": choice.lr, "muon": False})
        self._choice = choice
        self._threads = threads

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Update every parameter that has a gradient; return the closure's loss."""
        loss = evaluate_closure(closure)
        for group in self.param_groups:
            with_gradient = [parameter for parameter in group["params"] if parameter.grad is not None]
            if group["muon"]:
                self._orthogonal_step(with_gradient, group["lr"])
            else:
                for parameter in with_gradient:
                    adam_step(
                        parameter,
                        self.state[parameter],
                        group["lr"],
                        self._choice.adam_beta2,
                        eps=self._choice.adam_eps,
                    )
        return loss

    def _orthogonal_step(self, matrices: list[nn.Parameter], rate: float) -> None:
        choice = self._choice
        directions: list[Tensor] = []
        for matrix in matrices:
            gradient = matrix.grad
            assert gradient is not None
            momentum = self.state[matrix].setdefault("momentum", torch.zeros_like(matrix))
            momentum.lerp_(gradient, 1 - choice.momentum)
            directions.append(gradient.lerp(momentum, choice.momentum) if choice.nesterov else momentum)
        updates = parallel_map(
            lambda direction: orthogonalize(direction, choice.ns_steps, choice.norm), directions, self._threads
        )
        for matrix, update in zip(matrices, updates, strict=True):
            rows, columns = matrix.shape
            # Jordan's scale: an m x n orthogonal matrix changes outputs in proportion to sqrt(m / n).
            matrix.add_(update, alpha=-rate * max(1.0, rows / columns) ** 0.5)


def build(choice: choices.Muon, model: nn.Module, threads: int) -> torch.optim.Optimizer:
    """Return Muon with two groups: the hidden matrices at ``lr``, all other parameters at ``adam_lr``."""
    matrices = hidden_matrices(model)
    chosen = {id(matrix) for matrix in matrices}
    rest = [parameter for parameter in model.parameters() if id(parameter) not in chosen]
    groups: list[dict[str, Any]] = [{"params": rest, "lr": choice.adam_lr}]
    if matrices:
        groups.append({"params": matrices, "lr": choice.lr, "muon": True})
    return Muon(groups, choice, threads)
