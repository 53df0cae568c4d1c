"""The map from pixel positions to the network's inputs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sfumato.recipe.section import Section


class Coordinates(Section):
    """Input coordinates (row, column) of the pixels."""

    range: Literal["unit", "signed"] = Field(
        default="signed", description="range of the coordinates: unit (0 to 1, as in 2012) or signed (-1 to 1)"
    )
    align_corners: bool = Field(
        default=True,
        description="outermost pixels on the ends of the range (true) or half a pixel inside (false), as in PyTorch",
    )
