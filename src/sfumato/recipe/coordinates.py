"""How a pixel's place becomes the network's input."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sfumato.recipe.section import Section


class Coordinates(Section):
    """The inputs (row, column)."""

    range: Literal["unit", "signed"] = Field(default="signed", description="unit: 0 to 1, as in 2012; signed: -1 to 1")
    at: Literal["corners", "centers"] = Field(
        default="corners",
        description="corners: the outer pixels lie on the ends of the range; centers: half a pixel inside",
    )
