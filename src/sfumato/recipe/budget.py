"""The budget of a training, and the division of samples into steps and epochs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import Field, model_validator

from sfumato.errors import RecipeError
from sfumato.recipe.section import Section


class Budget(Section):
    """Limits of a run; the first one reached ends it."""

    epochs: float | None = Field(default=None, ge=0, le=1e12, description="passes over the training pixels")
    steps: int | None = Field(default=None, ge=0, le=10**15, description="number of weight updates")
    seconds: float | None = Field(default=None, ge=0, description="seconds of training, without evaluations")
    psnr: float | None = Field(default=None, gt=0, description="PSNR of the painting in dB, measured at evaluations")

    @model_validator(mode="after")
    def _require_a_limit(self) -> Self:
        if self.epochs is None and self.steps is None and self.seconds is None and self.psnr is None:
            raise RecipeError("must give at least one of epochs, steps, seconds, psnr. Got none.")
        return self

    @property
    def has_known_end(self) -> bool:
        """Whether progress towards the end can be computed during training, which PSNR alone does not allow."""
        return self.epochs is not None or self.steps is not None or self.seconds is not None


@dataclass(frozen=True)
class Batching:
    """Sizes of epochs and steps.

    Every epoch visits each sample once; its last step takes the samples that remain.
    """

    samples: int
    """Number of training samples: of a picture, the pixels that are not held out."""
    batch: int
    """Samples per step, 1 to `samples`."""

    @classmethod
    def of(cls, batch: int | Literal["all"], samples: int) -> Batching:
        """Return the batching for ``training.batch``; "all", or a number above `samples`, gives a full batch."""
        return cls(samples, samples if batch == "all" else min(batch, samples))

    @property
    def steps_per_epoch(self) -> int:
        """Number of steps that visit every sample once."""
        return math.ceil(self.samples / self.batch)

    def steps_for(self, samples: int) -> int:
        """Return the number of steps that ``samples`` samples of one epoch take."""
        return math.ceil(samples / self.batch)

    def last_step(self, budget: Budget) -> int | None:
        """Return the step that ends the budget, or None where only seconds or PSNR end it.

        Fractions of a step are rounded up.
        """
        limits = [] if budget.epochs is None else [math.ceil(budget.epochs * self.steps_per_epoch)]
        limits += [] if budget.steps is None else [budget.steps]
        return min(limits, default=None)

    def samples_after(self, step: int) -> int:
        """Return the number of samples in the first ``step`` steps."""
        epochs, steps = divmod(step, self.steps_per_epoch)
        return epochs * self.samples + min(steps * self.batch, self.samples)
