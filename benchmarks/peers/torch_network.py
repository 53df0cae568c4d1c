"""The network in PyTorch's own modules."""

from __future__ import annotations

import torch
from settings import Problem
from torch import Tensor, nn

from sfumato.recipe import choices


class Sine(nn.Module):
    """The activation sin(omega x)."""

    def __init__(self, omega: float) -> None:
        super().__init__()
        self.omega = omega

    def forward(self, x: Tensor) -> Tensor:
        """Apply it elementwise."""
        return torch.sin(self.omega * x)


class GaussianActivation(nn.Module):
    """The activation exp(-x^2 / (2 width^2))."""

    def __init__(self, width: float) -> None:
        super().__init__()
        self.factor = -0.5 / (width * width)

    def forward(self, x: Tensor) -> Tensor:
        """Apply it elementwise."""
        return torch.exp(self.factor * x * x)


def network(problem: Problem) -> nn.Sequential:
    """Return a network (N, F) features -> (N, 3) with the problem's weights."""
    layers: list[nn.Module] = []
    activations: list[nn.Module] = [_activation(each) for each in problem.recipe.model.activations]
    for (weight, _), activation in zip(problem.weights, [*activations, nn.Identity()], strict=True):
        layers += [nn.Linear(weight.shape[1], weight.shape[0]), activation]
    built = nn.Sequential(*layers[:-1])
    restore(built, problem)
    return built


def restore(built: nn.Sequential, problem: Problem) -> None:
    """Copy the problem's weights into the network."""
    linear = [layer for layer in built if isinstance(layer, nn.Linear)]
    with torch.no_grad():
        for layer, (weight, bias) in zip(linear, problem.weights, strict=True):
            layer.weight.copy_(torch.from_numpy(weight))
            layer.bias.copy_(torch.from_numpy(bias))


def rate(problem: Problem) -> float:
    """Return the learning rate of SGD. Raises RuntimeError for another optimizer."""
    sgd = problem.recipe.training.optimizer
    if not isinstance(sgd, choices.SGD) or sgd.fan_in_scaling or sgd.momentum:
        raise RuntimeError(f"the peers train by plain SGD, not by {sgd}")
    return sgd.lr


def _activation(choice: choices.Activation) -> nn.Module:
    match choice:
        case choices.LeakyReLU():
            return nn.LeakyReLU(choice.negative_slope, inplace=True)
        case choices.Sine():
            return Sine(choice.omega)
        case choices.GaussianActivation():
            return GaussianActivation(choice.width)
        case _:
            raise RuntimeError(f"the peers have no activation {choice}")
