"""The interval between evaluations."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sfumato.recipe.section import Section


class Evaluation(Section):
    """Exact comparisons over all pixels. They do not change the training, except that a PSNR budget ends by them."""

    interval: Literal["auto", "epoch", "end"] = Field(
        default="auto",
        description="interval between evaluations: auto (4% of the training time), epoch, or end (once)",
    )
