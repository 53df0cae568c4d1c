"""When the painting is compared with the picture."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sfumato.recipe.section import Section


class Evaluation(Section):
    """Exact comparisons over all pixels; they never change what is learned, but a PSNR budget looks at them."""

    interval: Literal["auto", "epoch", "end"] = Field(
        default="auto", description="auto: as often as 4% of training time pays for; epoch: after each; end: once"
    )
