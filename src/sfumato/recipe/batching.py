"""How samples are divided into steps and epochs: the rules of ``training.batch`` and ``budget``, in one place."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from sfumato.recipe.budget import Budget


@dataclass(frozen=True)
class Batching:
    """Epochs of so many samples in steps of at most so many.

    Every epoch visits each sample once; its last step has what remains.
    """

    samples: int
    """Training samples: of a picture, the pixels that are not held out."""
    batch: int
    """Samples of a step, 1 to `samples`."""

    @classmethod
    def of(cls, batch: int | Literal["all"], samples: int) -> Batching:
        """Return the batching that ``training.batch`` comes to: "all", or a larger one than there are, is all."""
        return cls(samples, samples if batch == "all" else min(batch, samples))

    @property
    def steps_per_epoch(self) -> int:
        """Steps that visit every sample once."""
        return math.ceil(self.samples / self.batch)

    def steps_for(self, samples: int) -> int:
        """Return the steps that so many samples of one epoch take."""
        return math.ceil(samples / self.batch)

    def last_step(self, budget: Budget) -> int | None:
        """Return the step that ends the budget, or None where only time or quality ends it.

        A part of a step is a whole one.
        """
        limits = [] if budget.epochs is None else [math.ceil(budget.epochs * self.steps_per_epoch)]
        limits += [] if budget.steps is None else [budget.steps]
        return min(limits, default=None)

    def samples_after(self, step: int) -> int:
        """Return the samples shown in the first steps."""
        epochs, steps = divmod(step, self.steps_per_epoch)
        return epochs * self.samples + min(steps * self.batch, self.samples)
