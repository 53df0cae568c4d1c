"""How the network learns."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sfumato.recipe.choices import Foof, Linear, Loss, Optimizer, Order, Schedule, Shuffled, Squared
from sfumato.recipe.section import Section


class Training(Section):
    """Steps through the training pixels."""

    batch: Annotated[int, Field(ge=1, le=2**31 - 1)] | Literal["all"] = Field(
        default=512, description="samples of a step, or all"
    )
    order: Order = Field(default=Shuffled(), description="in which order pixels are shown")
    optimizer: Optimizer = Field(default=Foof(), description="how a gradient becomes an update")
    schedule: Schedule = Field(default=Linear(), description="learning rate on the way to the end of the budget")
    loss: Loss = Field(default=Squared(), description="what is made small")
    held_out: float = Field(default=0.0, ge=0, le=0.95, description="part of the pixels never trained on, for testing")
