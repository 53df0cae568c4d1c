"""The training of the network."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sfumato.recipe.choices import FOOF, MSE, Linear, Loss, Optimizer, Sampler, Schedule, Shuffled
from sfumato.recipe.section import Section


class Training(Section):
    """Batches, optimizer, and loss of the training."""

    batch: Annotated[int, Field(ge=1, le=2**31 - 1)] | Literal["all"] = Field(
        default=512, description="samples per step, or all"
    )
    sampler: Sampler = Field(default=Shuffled(), description="order of the training pixels")
    optimizer: Optimizer = Field(default=FOOF(), description="optimizer and its learning rate")
    schedule: Schedule = Field(default=Linear(), description="learning-rate schedule")
    loss: Loss = Field(default=MSE(), description="loss function")
