"""What training makes small. Each is averaged over the samples of a step."""

from __future__ import annotations

from pydantic import Field
from pydantic.dataclasses import dataclass

from sfumato.recipe.choices.choice import CONFIG, Choice


@dataclass(frozen=True, config=CONFIG)
class Loss(Choice, family="loss"):
    """The error of one sample, summed over its channels."""


@dataclass(frozen=True, config=CONFIG)
class Squared(Loss, name="squared"):
    """Half the squared error, so that batch 1 is the 2012 program."""


@dataclass(frozen=True, config=CONFIG)
class Absolute(Loss, name="absolute"):
    """The absolute error."""


@dataclass(frozen=True, config=CONFIG)
class Huber(Loss, name="huber"):
    """Half the squared error up to delta, then linear with the same slope (Huber 1964)."""

    delta: float = Field(default=0.1, gt=0, description="error at which the loss becomes linear")
