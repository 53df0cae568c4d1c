"""A member of every family that nobody uses, written as CONTRIBUTING.md tells: for tests/test_components.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from sfumato.models.activations import Implementation
from sfumato.recipe import choices
from sfumato.recipe.choices.choice import CONFIG
from sfumato.recipe.layers import Memory, NetworkSize

IN_THIS_FILE = f"{__name__}:{{}}".format


@dataclass(frozen=True, config=CONFIG)
class Bent(choices.Activation, name="bent", implementation=IN_THIS_FILE("BENT")):
    """a x + b x^2 / (1 + x^2): two parameters."""

    compiled: ClassVar[bool] = True
    saved_per_unit: ClassVar[int] = 3
    sigmoidal_slope: ClassVar[float | None] = None

    a: float = Field(default=0.5, description="slope far away")
    b: float = Field(default=1.5, description="height of the bend")

    def initialization(self) -> choices.Initialisation:
        """For signals in both directions."""
        return choices.Glorot()


BENT = Implementation(
    tensor=lambda x, a, b: a * x + b * x * x / (1 + x * x),
    value=lambda x, a, b: a * x + b * x * x / (1 + x * x),
    derivative=lambda x, y, a, b: a + 2 * b * x / ((1 + x * x) * (1 + x * x)),
)


@dataclass(frozen=True, config=CONFIG)
class Learned(choices.Encoding, name="learned", implementation=IN_THIS_FILE("build_learned")):
    """Sines of sums whose weights are trained."""

    trainable: ClassVar[bool] = True

    features: int = Field(default=6, ge=1, description="inputs made")

    def outputs(self) -> int:
        """Sines."""
        return self.features

    def multiply_adds(self) -> int:
        """Of the sums."""
        return 2 * self.features

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The weights."""
        return {"weight": (self.features, 2)}


class LearnedSines(nn.Module):
    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, coordinates: Tensor) -> Tensor:
        return torch.sin(coordinates @ self.weight.T)


def build_learned(choice: Learned, random: np.random.Generator) -> nn.Module:
    return LearnedSines(torch.from_numpy(random.standard_normal((choice.features, 2))))


@dataclass(frozen=True, config=CONFIG)
class LogCosh(choices.Loss, name="log_cosh", implementation=IN_THIS_FILE("log_cosh")):
    """log cosh(error)."""


def log_cosh(choice: LogCosh, errors: Tensor) -> Tensor:
    return torch.log(torch.cosh(errors))


@dataclass(frozen=True, config=CONFIG)
class Signs(choices.ElementwiseOptimizer, name="signs", implementation=IN_THIS_FILE("build_signs")):
    """A step of one size along the sign of each gradient."""

    def memory(self, network: NetworkSize) -> Memory:
        """The signs."""
        return Memory(network.parameters)


class SignDescent(torch.optim.Optimizer):
    def __init__(self, parameters: Any, lr: float) -> None:
        super().__init__(parameters, {"lr": lr})

    @torch.no_grad()
    def step(self, closure: Callable[[], float]) -> float:  # pyright: ignore[reportIncompatibleMethodOverride]
        with torch.enable_grad():
            loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter -= group["lr"] * parameter.grad.sign()
        return loss


def build_signs(choice: Signs, model: nn.Module, threads: int) -> torch.optim.Optimizer:
    return SignDescent(model.parameters(), choice.lr)


@dataclass(frozen=True, config=CONFIG)
class Backwards(choices.Order, name="backwards", implementation=IN_THIS_FILE("backwards")):
    """From the last pixel to the first."""


def backwards(pixels: int, seed: int, epoch: int) -> NDArray[np.int64]:
    return np.arange(pixels)[::-1].copy()


MEMBERS: tuple[type[choices.Choice], ...] = (Bent, Learned, LogCosh, Signs, Backwards)
