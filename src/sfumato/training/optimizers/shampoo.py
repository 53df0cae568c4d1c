"""Shampoo (Gupta et al. 2018, "Shampoo: Preconditioned Stochastic Tensor Optimization", arXiv 1802.09568).

The paper's Algorithms 1 and 2, without momentum: a matrix's gradient G is multiplied by L^(-1/4) from the left and
R^(-1/4) from the right, where L is eps I plus the sum of all G G^T so far, and R the same of G^T G; the gradient of a
vector by L^(-1/2). The roots are computed by eigendecompositions in float64: singular value decompositions in float32,
as in the library pytorch-optimizer, do not converge for sums whose eigenvalues differ by many orders of magnitude.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from sfumato.recipe import choices
from sfumato.training.optimizers.adam_step import evaluate_closure


class Shampoo(torch.optim.Optimizer):
    """Shampoo for vectors and matrices."""

    def __init__(self, parameters: list[nn.Parameter], choice: choices.Shampoo) -> None:
        super().__init__(parameters, {"lr": choice.lr})
        self._choice = choice

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Update every parameter that has a gradient; return the closure's loss."""
        loss = evaluate_closure(closure)
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(parameter, parameter.grad, self.state[parameter], group["lr"])
        return loss

    def _update(self, parameter: nn.Parameter, gradient: Tensor, state: dict[str, Any], rate: float) -> None:
        matrix = gradient if gradient.ndim == 2 else gradient.reshape(-1, 1)
        sides = {"left": matrix, "right": matrix.mT} if gradient.ndim == 2 else {"left": matrix}
        step = state.setdefault("step", 0)
        for name, rows in sides.items():
            if step == 0:
                eye = torch.eye(len(rows), dtype=rows.dtype, device=rows.device)
                state[f"{name}_sum"] = eye * self._choice.eps
            state[f"{name}_sum"].addmm_(rows, rows.mT)
            if step % self._choice.update_interval == 0:
                root = inverse_root(state[f"{name}_sum"], 2 * len(sides), self._choice.eps)
                state[f"{name}_root"] = root
        state["step"] = step + 1
        update = state["left_root"] @ matrix
        if "right" in sides:
            update = update @ state["right_root"]
        parameter.add_(update.reshape(parameter.shape), alpha=-rate)


def inverse_root(matrix: Tensor, order: int, smallest: float) -> Tensor:
    """Return the ``order``-th root of the inverse of a symmetric matrix (n, n) whose eigenvalues are >= ``smallest``.

    All of it is NaN where the matrix is not finite: the training has diverged, and its monitor must see that.
    """
    if not torch.isfinite(matrix).all():
        return torch.full_like(matrix, math.nan)
    values, vectors = torch.linalg.eigh(matrix.double())
    # Rounding makes small eigenvalues of a sum smaller than its initial diagonal, or negative.
    powers = values.clamp_min(smallest).pow(-1 / order)
    return ((vectors * powers) @ vectors.mT).to(matrix.dtype)


def build(choice: choices.Shampoo, model: nn.Module, threads: int) -> torch.optim.Optimizer:
    """Return Shampoo with all parameters in one group."""
    return Shampoo(list(model.parameters()), choice)
