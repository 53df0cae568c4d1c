"""Loss functions: summed over the channels of a sample, averaged over the samples of a step."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from pydantic import Field
from pydantic.dataclasses import dataclass

from sfumato.recipe.choices.choice import CONFIG, Choice


@dataclass(frozen=True, config=CONFIG)
class Loss(Choice, family="loss", implementations="sfumato.training.losses.{name}:IMPLEMENTATION"):
    """Loss function, summed over channels and averaged over samples."""

    compiled: ClassVar[bool] = False
    """Whether its implementation has the scalar functions that compiled engines call."""
    of_pictures: ClassVar[bool] = False
    """Whether it compares whole pictures, not samples: every step must then be one of all pixels."""
    of_unit_range: ClassVar[bool] = False
    """Whether it is defined for targets in [0, 1] alone."""

    @property
    def parameters(self) -> tuple[float, ...]:
        """Values of all fields, which are numbers, as its implementation takes them."""
        return tuple(float(getattr(self, field.name)) for field in dataclasses.fields(self))


@dataclass(frozen=True, config=CONFIG)
class MSE(Loss, name="mse"):
    """Half the squared error: 0.5 (output - target)^2, so that batch 1 gives the updates of 2012."""

    compiled: ClassVar[bool] = True


@dataclass(frozen=True, config=CONFIG)
class L1(Loss, name="l1"):
    """The absolute error, |output - target|."""

    compiled: ClassVar[bool] = True


@dataclass(frozen=True, config=CONFIG)
class Huber(Loss, name="huber"):
    """Half the squared error up to delta, then linear with the same slope (Huber 1964)."""

    compiled: ClassVar[bool] = True
    delta: float = Field(default=0.1, gt=0, description="error at which the loss becomes linear")


@dataclass(frozen=True, config=CONFIG)
class LogCosh(Loss, name="log_cosh"):
    """log cosh(output - target): about half the squared error when small, the absolute error when large."""

    compiled: ClassVar[bool] = True


@dataclass(frozen=True, config=CONFIG)
class RelativeL2(Loss, name="relative_l2"):
    """Half the squared error over output^2 + epsilon, which counts as a constant (Instant-NGP, with epsilon 0.01).

    The default is larger, because the first steps with 0.01 leave outputs far above the targets for tens of steps.
    """

    compiled: ClassVar[bool] = True
    epsilon: float = Field(default=0.1, gt=0, description="number added to the squared output; Instant-NGP's is 0.01")


@dataclass(frozen=True, config=CONFIG)
class ToneMapped(Loss, name="tone_mapped"):
    """Half the squared difference of log(1 + mu |x|) / log(1 + mu) (Kalantari and Ramamoorthi 2017), for linear light.

    Dark parts count more than by ``mse``, as they do for an eye; ``picture.transfer linear`` gives linear light.
    """

    of_unit_range: ClassVar[bool] = True
    mu: float = Field(default=100.0, gt=0, description="strength of the compression")


@dataclass(frozen=True, config=CONFIG)
class SSIM(Loss, name="ssim"):
    """1 - SSIM, of each channel, the structural similarity of the painting with the picture (Wang et al. 2004)."""

    of_pictures: ClassVar[bool] = True
    of_unit_range: ClassVar[bool] = True


@dataclass(frozen=True, config=CONFIG)
class L1SSIM(Loss, name="l1_ssim"):
    """(1 - weight) times the absolute error, and weight times 1 - SSIM (Zhao et al. 2017; Kerbl et al. 2023)."""

    of_pictures: ClassVar[bool] = True
    of_unit_range: ClassVar[bool] = True
    weight: float = Field(
        default=0.2, ge=0, le=1, description="weight of 1 - SSIM: 0.2 in 3D Gaussian Splatting, 0.84 in Zhao et al."
    )


@dataclass(frozen=True, config=CONFIG)
class GradientLoss(Loss, name="gradient"):
    """Half the squared error, and half the squared difference of the pictures' gradients by Sobel's filters."""

    of_pictures: ClassVar[bool] = True
    mse: float = Field(default=1.0, ge=0, description="weight of half the squared error")
    sobel: float = Field(default=1.0, ge=0, description="weight of half the squared difference of gradients")
