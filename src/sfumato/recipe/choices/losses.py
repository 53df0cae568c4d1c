"""What training makes small. Each is averaged over the samples of a step."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field
from pydantic.dataclasses import dataclass

from sfumato.recipe.choices.choice import CONFIG, Choice


@dataclass(frozen=True, config=CONFIG)
class Loss(Choice, family="loss", implementations="sfumato.training.losses:{name}"):
    """The error of one sample, summed over its channels."""

    compiled: ClassVar[bool] = False
    """Whether compiled engines have it too (`sfumato.training.engines.compiled_loss`)."""


@dataclass(frozen=True, config=CONFIG)
class Squared(Loss, name="squared"):
    """Half the squared error, so that batch 1 is the 2012 program."""

    compiled: ClassVar[bool] = True


@dataclass(frozen=True, config=CONFIG)
class Absolute(Loss, name="absolute"):
    """The absolute error."""

    compiled: ClassVar[bool] = True


@dataclass(frozen=True, config=CONFIG)
class Huber(Loss, name="huber"):
    """Half the squared error up to delta, then linear with the same slope (Huber 1964)."""

    compiled: ClassVar[bool] = True
    delta: float = Field(default=0.1, gt=0, description="error at which the loss becomes linear")
