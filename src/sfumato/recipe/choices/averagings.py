"""Averages of the weights over the steps of a training, which are evaluated in place of the weights themselves."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field
from pydantic.dataclasses import dataclass

from sfumato.recipe.choices.choice import CONFIG, Choice


@dataclass(frozen=True, config=CONFIG)
class Averaging(
    Choice, family="averaging", implementations="sfumato.training.engines.averaged:{name}", facts=("averages",)
):
    """Average of the weights for evaluations, paintings and the final network; training goes on from the weights."""

    averages: ClassVar[bool]
    """Whether there is an average beside the weights."""


@dataclass(frozen=True, config=CONFIG)
class NoAveraging(Averaging, name="none"):
    """No average: the weights themselves."""

    averages: ClassVar[bool] = False


@dataclass(frozen=True, config=CONFIG)
class EMA(Averaging, name="ema"):
    """Exponential moving average, with the bias of its start corrected (Kingma and Ba 2015, section 7.2)."""

    averages: ClassVar[bool] = True

    decay: float = Field(default=0.99, gt=0, lt=1, description="decay of the average per step")
    interval: int = Field(default=1, ge=1, le=10**6, description="steps between updates of the average")
