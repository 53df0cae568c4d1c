"""The training of the network, the split of its samples, and the interval between evaluations."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from sfumato.errors import RecipeError
from sfumato.formatting import shortened
from sfumato.recipe.choices import (
    FOOF,
    MSE,
    Averaging,
    Linear,
    Loss,
    NoAveraging,
    NoSplit,
    Optimizer,
    Sampler,
    Schedule,
    Shuffled,
    Split,
)
from sfumato.recipe.section import Section


class Training(Section):
    """Batches, optimizer, and loss of the training."""

    batch: Annotated[int, Field(ge=1, le=2**31 - 1)] | Literal["all"] = Field(
        default=512, description="samples per step, or all"
    )
    sampler: Sampler = Field(default=Shuffled(), description="order of the training pixels")
    optimizer: Optimizer = Field(default=FOOF(), description="optimizer and its learning rate")
    schedule: Schedule = Field(default=Linear(), description="learning-rate schedule")
    loss: Loss = Field(default=MSE(), description="loss function")
    averaging: Averaging = Field(
        default=NoAveraging(),
        description="average of the weights, used in evaluations and at the end",
    )
    channel_weights: tuple[float, ...] | None = Field(
        default=None, description="factors of the channels' losses, not normalized: 1,2,1; none: all 1"
    )

    final_layer: Literal["trained", "least_squares"] = Field(
        default="trained",
        description="last layer at the end: trained, or least_squares, which minimizes the squared error of the "
        "training pixels (at most 10,000 of them) exactly; for the loss mse",
    )

    @field_validator("channel_weights", mode="before")
    @classmethod
    def _list_of_weights(cls, weights: Any) -> Any:
        return [part.strip() for part in weights.split(",")] if isinstance(weights, str) else weights

    @field_validator("channel_weights")
    @classmethod
    def _weights_are_usable(cls, weights: tuple[float, ...] | None) -> tuple[float, ...] | None:
        if weights is not None and not (weights and min(weights) >= 0 and max(weights) > 0):
            raise RecipeError(f"must be 0 or more, and not all 0. Got {', '.join(f'{each:g}' for each in weights)}.")
        return weights

    @model_validator(mode="after")
    def _weights_are_averaged_once(self) -> Self:
        if self.averaging.averages and self.optimizer.averages_weights:
            raise RecipeError(
                f"must have averaging none for the optimizer {self.optimizer.name}, which averages the weights itself. "
                f"Got {self.averaging}."
            )
        return self

    @model_validator(mode="after")
    def _the_final_layer_can_be_solved(self) -> Self:
        if self.final_layer == "trained":
            return self
        if not isinstance(self.loss, MSE):
            raise RecipeError(f"must have loss mse for final_layer least_squares, which minimizes it. Got {self.loss}.")
        if self.optimizer.averages_weights:
            raise RecipeError(
                "must have final_layer trained for an optimizer that averages the weights itself. Got least_squares "
                f"with {self.optimizer.name}."
            )
        return self


TargetRange = Literal["unit", "signed"]
METRICS = ("ssim", "ms_ssim", "flip")
"""Metrics besides MSE, MAE and PSNR."""


class Data(Section):
    """Targets of the training samples, and their split from validation samples."""

    split: Split = Field(
        default=NoSplit(), description="pixels held out for validation: a fraction, drawn at random, or a pattern"
    )
    target_range: TargetRange = Field(
        default="unit",
        description="range of the targets: unit (0 to 1, the picture's values) or signed (-1 to 1, as in SIREN's "
        "notebook); losses are those of the targets, and PSNR is that of the picture",
    )


ComparedValues = Literal["clipped", "unclipped", "rounded"]


class Evaluation(Section):
    """Exact comparisons over all pixels. They do not change the training, except that a PSNR budget ends by them."""

    interval: Literal["auto", "epoch", "end"] = Field(
        default="auto",
        description="interval between evaluations: auto (4% of the training time), epoch, or end (once)",
    )
    psnr: ComparedValues = Field(
        default="clipped",
        description="values of the painting that its PSNR compares: clipped to [0, 1], unclipped, or rounded to 8 bits "
        "after clipping",
    )
    metrics: tuple[str, ...] = Field(
        default=("ssim",),
        description="metrics besides MSE, MAE and PSNR: any of ssim, ms_ssim (sides of 161 pixels or more) and flip, "
        "such as ssim,flip; none: no others, for evaluations that cost less",
    )

    @field_validator("metrics", mode="before")
    @classmethod
    def _list_of_metrics(cls, metrics: Any) -> Any:
        if isinstance(metrics, str):
            return [] if metrics == "none" else [part.strip() for part in metrics.split(",")]
        return metrics

    @field_validator("metrics")
    @classmethod
    def _known_and_in_one_order(cls, metrics: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [name for name in metrics if name not in METRICS]:
            raise RecipeError(f"must be some of {', '.join(METRICS)}, or none. Got {shortened(repr(unknown[0]))}.")
        # The same metrics are the same recipe.
        return tuple(name for name in METRICS if name in metrics)
