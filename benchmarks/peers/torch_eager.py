"""PyTorch in eager mode: nn.Sequential and torch.optim.SGD, which updates all weights in one call (``fused``)."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from settings import Problem

from peers import Side, torch_network


def prepare(problem: Problem, threads: int) -> Side:
    """Return the side."""
    torch.set_num_threads(threads)
    features, targets = torch.from_numpy(problem.features), torch.from_numpy(problem.targets).float()
    network = torch_network.network(problem)
    optimizer = torch.optim.SGD(network.parameters(), lr=torch_network.rate(problem), fused=True)

    def train(pixels: NDArray[np.int64]) -> float:
        total = torch.zeros(())
        for samples in torch.from_numpy(pixels):
            errors = network(features[samples]) - targets[samples]
            loss = 0.5 / len(samples) * errors.square().sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.detach()
        return float(total) * pixels.shape[1]

    return Side(lambda: torch_network.restore(network, problem), train)
