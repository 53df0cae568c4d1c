"""Schedules of the learning rate over the budget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from sfumato.recipe.choices.choice import CONFIG, Choice, Value

EvaluationPoint = Literal["middle", "start", "epoch"]
"""Where in a step the factor is evaluated: in its middle, at its start, or at the start of its epoch."""

_ADDED: Mapping[str, Value] = {"evaluated": "middle"}


def _evaluated() -> Any:
    return Field(
        default="middle",
        description="where in a step the factor is evaluated: in its middle, at its start (as by PyTorch's "
        "schedulers), or at the start of its epoch",
    )


@dataclass(frozen=True, config=CONFIG)
class Schedule(Choice, family="schedule", implementations="sfumato.training.schedules:{name}", facts=("needs_end",)):
    """Factor of the learning rate as a function of the fraction of the budget that is spent."""

    warmup: float = Field(
        default=0.0, ge=0, lt=1, description="fraction of the budget over which the rate rises from 0"
    )

    def needs_end(self) -> bool:
        """Tell whether the factor depends on the end of the budget, so that the budget must have a known end."""
        raise NotImplementedError

    @property
    def evaluation_point(self) -> EvaluationPoint:
        """Where in a step the factor is evaluated."""
        return "middle"


@dataclass(frozen=True, config=CONFIG)
class Constant(Schedule, name="constant"):
    """Constant rate after any warm-up."""

    def needs_end(self) -> bool:
        """Tell whether there is a warm-up, which needs the end of the budget."""
        return self.warmup > 0


@dataclass(frozen=True, config=CONFIG)
class Linear(Schedule, name="linear"):
    """Linear decay to `end` times the rate."""

    added_fields: ClassVar[Mapping[str, Value]] = _ADDED

    end: float = Field(default=0.0, ge=0, le=1, description="factor at the end of the budget")
    evaluated: EvaluationPoint = _evaluated()

    def needs_end(self) -> bool:
        """Return True."""
        return True

    @property
    def evaluation_point(self) -> EvaluationPoint:
        """Return ``evaluated``."""
        return self.evaluated


@dataclass(frozen=True, config=CONFIG)
class Cosine(Schedule, name="cosine"):
    """Decay along half a cosine to `end` times the rate (Loshchilov and Hutter 2017)."""

    added_fields: ClassVar[Mapping[str, Value]] = _ADDED

    end: float = Field(default=0.0, ge=0, le=1, description="factor at the end of the budget")
    evaluated: EvaluationPoint = _evaluated()

    def needs_end(self) -> bool:
        """Return True."""
        return True

    @property
    def evaluation_point(self) -> EvaluationPoint:
        """Return ``evaluated``."""
        return self.evaluated


@dataclass(frozen=True, config=CONFIG)
class Exponential(Schedule, name="exponential"):
    """Exponential decay to `end` times the rate: the factor is end^x at the fraction x of the budget."""

    end: float = Field(default=0.1, gt=0, le=1, description="factor at the end of the budget")
    evaluated: EvaluationPoint = _evaluated()

    def needs_end(self) -> bool:
        """Return True."""
        return True

    @property
    def evaluation_point(self) -> EvaluationPoint:
        """Return ``evaluated``."""
        return self.evaluated
