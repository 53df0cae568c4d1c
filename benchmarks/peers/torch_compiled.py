"""torch.compile of the whole step as one graph: samples, loss, gradients and new weights."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from settings import Problem
from torch import Tensor

from peers import Side, torch_network


def prepare(problem: Problem, threads: int) -> Side:
    """Return the side. The first step compiles, which takes a C++ compiler and up to a minute."""
    torch.set_num_threads(threads)
    features, targets = torch.from_numpy(problem.features), torch.from_numpy(problem.targets).float()
    network = torch_network.network(problem)
    weights = {name: parameter.detach() for name, parameter in network.named_parameters()}
    rate = torch_network.rate(problem)

    def loss(weights: dict[str, Tensor], samples: Tensor) -> Tensor:
        errors = torch.func.functional_call(network, weights, features[samples]) - targets[samples]
        return 0.5 / len(samples) * errors.square().sum()

    @torch.compile(fullgraph=True, dynamic=False)
    def step(samples: Tensor) -> Tensor:
        gradients, value = torch.func.grad_and_value(loss)(weights, samples)
        for name, gradient in gradients.items():
            weights[name].sub_(rate * gradient)
        return value

    def train(pixels: NDArray[np.int64]) -> float:
        total = torch.zeros(())
        with torch.no_grad():
            for samples in torch.from_numpy(pixels):
                total += step(samples)
        return float(total) * pixels.shape[1]

    return Side(lambda: torch_network.restore(network, problem), train)
