"""How the learning rate changes on the way to the end of the budget."""

from __future__ import annotations

from pydantic import Field
from pydantic.dataclasses import dataclass

from sfumato.recipe.choices.choice import CONFIG, Choice


@dataclass(frozen=True, config=CONFIG)
class Schedule(Choice, family="schedule", implementations="sfumato.training.schedules:{name}", facts=("needs_end",)):
    """A factor of the learning rate, by the part of the budget that is spent."""

    warmup: float = Field(default=0.0, ge=0, lt=1, description="part of the budget over which the rate rises from 0")

    def needs_end(self) -> bool:
        """Tell whether the factor depends on when the budget ends, so that the budget must say it."""
        raise NotImplementedError


@dataclass(frozen=True, config=CONFIG)
class Constant(Schedule, name="constant"):
    """The same rate to the end (after any warm-up)."""

    def needs_end(self) -> bool:
        """For its warm-up alone."""
        return self.warmup > 0


@dataclass(frozen=True, config=CONFIG)
class Linear(Schedule, name="linear"):
    """Plain down to `end` times the rate."""

    end: float = Field(default=0.0, ge=0, le=1, description="factor reached at the end")

    def needs_end(self) -> bool:
        """Always."""
        return True


@dataclass(frozen=True, config=CONFIG)
class Cosine(Schedule, name="cosine"):
    """Down along half a cosine to `end` times the rate (Loshchilov and Hutter 2017)."""

    end: float = Field(default=0.0, ge=0, le=1, description="factor reached at the end")

    def needs_end(self) -> bool:
        """Always."""
        return True
