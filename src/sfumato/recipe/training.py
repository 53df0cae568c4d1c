"""How the network learns."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sfumato.recipe.choices import FOOF, MSE, Linear, Loss, Optimizer, Sampler, Schedule, Shuffled
from sfumato.recipe.section import Section


class Training(Section):
    """Steps through the training pixels."""

    batch: Annotated[int, Field(ge=1, le=2**31 - 1)] | Literal["all"] = Field(
        default=512, description="samples per step, or all"
    )
    sampler: Sampler = Field(default=Shuffled(), description="order in which pixels are drawn")
    optimizer: Optimizer = Field(default=FOOF(), description="optimizer")
    schedule: Schedule = Field(default=Linear(), description="learning-rate schedule")
    loss: Loss = Field(default=MSE(), description="loss function")
