"""The experiments of the publications by the names of their presets: inputs, targets, loss, optimizer and schedule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer, lr_scheduler

from transcriptions import networks
from transcriptions.muon import Muon
from transcriptions.networks import Network

Scheduler = lr_scheduler.LRScheduler


@dataclass(frozen=True)
class Experiment:
    """One experiment on a picture (H, W, C) with values in [0, 1]."""

    network: Callable[[int], Network]
    """(channels) -> network with its initial weights, from torch's global random numbers."""
    optimizer: Callable[[Network], Optimizer]
    coordinates: Callable[[int, int], Tensor]
    """(height, width) -> (H * W, 2), float64."""
    schedule: Callable[[Optimizer, int], Scheduler | None] = lambda _optimizer, _steps: None
    """(optimizer, steps in all) -> a scheduler that steps after every update, or None."""
    signed: bool = False
    """Whether targets are in [-1, 1]."""
    every: int = 1
    """Distance of the rows and columns that are trained on."""
    clipped: bool = False
    """Whether the PSNR is that of clipped values."""
    loss: Callable[[Tensor, Tensor], Tensor] = nn.functional.mse_loss


def linspace(height: int, width: int) -> Tensor:
    """Return coordinates from -1 to 1 along both axes."""
    return pairs(torch.linspace(-1, 1, height, dtype=torch.float64), torch.linspace(-1, 1, width, dtype=torch.float64))


def without_end(height: int, width: int) -> Tensor:
    """Return coordinates i / n."""
    return pairs(*(torch.arange(n, dtype=torch.float64) / n for n in (height, width)))


def equal_steps(height: int, width: int) -> Tensor:
    """Return coordinates 2 (i / (H - 1) - 1/2) along both axes, H the height."""
    return pairs(*(2 * (torch.arange(n, dtype=torch.float64) / (height - 1) - 0.5) for n in (height, width)))


def pairs(rows: Tensor, columns: Tensor) -> Tensor:
    """Return all pairs (row, column), row by row."""
    return torch.cartesian_prod(rows, columns)


def adam(lr: float) -> Callable[[Network], Optimizer]:
    """Return a function that makes PyTorch's Adam."""
    return lambda network: Adam(network.parameters(), lr=lr)


def muon(network: Network) -> Optimizer:
    """Return Muon for the hidden matrices."""
    hidden = [layer.weight for layer in network.linear[1:-1]]
    chosen = {id(each) for each in hidden}
    return Muon(hidden, [each for each in network.parameters() if id(each) not in chosen], lr=0.02, adam_lr=0.001)


def cosine(optimizer: Optimizer, steps: int) -> Scheduler:
    """Return the decay along half a cosine."""
    return lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)


def tenth(optimizer: Optimizer, steps: int) -> Scheduler:
    """Return the exponential decay to a tenth."""
    return lr_scheduler.LambdaLR(optimizer, lambda number: 0.1 ** min(number / steps, 1))


def half_mean(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return half the mean of the squared errors."""
    return 0.5 * (outputs - targets).square().mean()


def _fourier(encode: Callable[[], networks.Encoding], features: int) -> Experiment:
    return Experiment(
        lambda channels: networks.stax(3, 256, channels, encode(), features),
        adam(1e-3),
        without_end,
        every=2,
        loss=half_mean,
    )


def _gaussian(sigma: float) -> Experiment:
    return _fourier(lambda: networks.gaussian(sigma * torch.randn(2, 256, dtype=torch.float64)), 512)


def _positional(scale: float) -> Experiment:
    return _fourier(lambda: lambda x: networks.waves(x, networks.log_linear(scale).to(x.dtype)), 512)


def _coin(depth: int, width: int) -> Experiment:
    return Experiment(lambda channels: networks.coin(depth, width, channels), adam(2e-4), equal_steps)


EXPERIMENTS: Mapping[str, Experiment] = {
    "siren": Experiment(lambda channels: networks.siren(4, 256, channels), adam(1e-4), linspace, signed=True),
    "ff-none": _fourier(lambda: lambda x: x, 2),
    "ff-basic": _fourier(lambda: lambda x: networks.waves(x, torch.ones(1, dtype=x.dtype)), 4),
    "ff-positional": _positional(6),
    "ff-positional-text": _positional(5),
    "ff-gaussian": _gaussian(10),
    "ff-gaussian-text": _gaussian(14),
    "coin-5x20": _coin(5, 20),
    "coin-5x30": _coin(5, 30),
    "coin-10x28": _coin(10, 28),
    "coin-10x40": _coin(10, 40),
    "coin-13x49": _coin(13, 49),
    "finer": Experiment(lambda channels: networks.finer(4, 256, channels), adam(5e-4), linspace, tenth, signed=True),
    "wire": Experiment(lambda channels: networks.wire(3, 181, channels, 20, 30), adam(5e-3), linspace, tenth),
    "evos-siren": Experiment(
        lambda channels: networks.siren(4, 256, channels), adam(1e-4), linspace, signed=True, clipped=True
    ),
    "relu-adam": Experiment(
        lambda channels: networks.relu(4, 256, channels), adam(1e-3), linspace, cosine, clipped=True
    ),
    "relu-muon": Experiment(lambda channels: networks.relu(4, 256, channels), muon, linspace, cosine, clipped=True),
}
