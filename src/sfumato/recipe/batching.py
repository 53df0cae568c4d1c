"""Division of samples into steps and epochs: the rules of ``training.batch`` and ``budget``, in one place."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from sfumato.recipe.budget import Budget


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
