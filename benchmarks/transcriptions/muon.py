"""Muon as in Jordan et al. 2024, with Adam for the first and last layer and the biases; in the network's precision."""

from __future__ import annotations

import torch
from torch import Tensor


class Muon(torch.optim.Optimizer):
    """Momentum 0.95 with Nesterov's step, orthogonalized by five quintic Newton-Schulz iterations."""

    def __init__(self, hidden: list[Tensor], others: list[Tensor], lr: float, adam_lr: float) -> None:
        super().__init__([{"params": hidden, "lr": lr}], {"lr": lr})
        self.adam = torch.optim.Adam(others, lr=adam_lr, betas=(0.9, 0.999), eps=1e-10)
        # One list, so that a scheduler reaches both.
        self.param_groups.extend(self.adam.param_groups)

    @torch.no_grad()
    def step(self) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Update all parameters."""
        self.adam.step()
        hidden = self.param_groups[0]
        for matrix in hidden["params"]:
            momentum = self.state[matrix].setdefault("momentum", torch.zeros_like(matrix))
            momentum.mul_(0.95).add_(matrix.grad, alpha=0.05)
            update = orthogonal(0.05 * matrix.grad + 0.95 * momentum)
            matrix -= hidden["lr"] * max(1, matrix.shape[0] / matrix.shape[1]) ** 0.5 * update


def orthogonal(g: Tensor) -> Tensor:
    """Return g after five iterations of a x + b x^3 + c x^5 on its singular values, divided by their 2-norm."""
    x = g / (g.norm() + 1e-7)
    if wide := x.shape[0] <= x.shape[1]:
        x = x.T
    for _ in range(5):
        a = x.T @ x
        x = 3.4445 * x + x @ (-4.7750 * a + 2.0315 * a @ a)
    return x.T if wide else x
