"""The budget of a training."""

from __future__ import annotations

from typing import Self

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
