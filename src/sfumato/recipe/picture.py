"""The picture that is learned, the conversion of its file to numbers, and the coordinates of its pixels."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from sfumato.errors import RecipeError
from sfumato.recipe.section import Section

Channels = Literal["auto", "gray", "rgb", "rgba"]
Transfer = Literal["srgb", "linear"]


MAX_SIDE = 1024
"""Default of `Picture.max_side`: the size at which training and painting take a few seconds."""


class Picture(Section):
    """The picture to learn. With ``size``, ``max_side`` is none unless it is given too."""

    source: str = Field(
        default="cat", min_length=1, description="picture file, or a sample: cat, astronaut, coffee, camera, mona-lisa"
    )
    size: str | None = Field(default=None, description="exact size WIDTHxHEIGHT, such as 300x429")
    max_side: int | None = Field(
        default=MAX_SIDE,
        ge=2,
        le=16384,
        description="largest length of the longer side in pixels; none: full size of a large picture",
    )
    channels: Channels = Field(default="auto", description="color channels of the outputs; auto: those of the file")
    transfer: Transfer = Field(default="srgb", description="transfer function of the learned values: srgb or linear")
    color_management: bool = Field(
        default=True, description="conversion of an embedded color profile to sRGB; false: values as stored"
    )

    @model_validator(mode="before")
    @classmethod
    def _size_alone_is_exact(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("size") is not None and "max_side" not in values:
            return {**values, "max_side": None}
        return values

    @field_validator("size")
    @classmethod
    def _size_is_width_x_height(cls, size: str | None) -> str | None:
        if size is None:
            return None
        match = re.fullmatch(r"([0-9]{1,5})[xX]([0-9]{1,5})", size)
        if match is None or not all(2 <= int(side) <= 16384 for side in match.groups()):
            raise RecipeError(f"must be WIDTHxHEIGHT, each from 2 to 16384, such as 300x429. Got {size!r}.")
        return f"{int(match[1])}x{int(match[2])}"

    @property
    def has_default_limit(self) -> bool:
        """Whether ``max_side`` has its default value."""
        return self.max_side == MAX_SIDE

    @property
    def width_height(self) -> tuple[int, int] | None:
        """``size`` as (width, height) in pixels."""
        if self.size is None:
            return None
        width, height = self.size.split("x")
        return int(width), int(height)


class Coordinates(Section):
    """Input coordinates (row, column) of the pixels."""

    range: Literal["unit", "signed"] = Field(
        default="signed", description="range of the coordinates: unit (0 to 1, as in 2012) or signed (-1 to 1)"
    )
    align_corners: bool = Field(
        default=True,
        description="outermost pixels on the ends of the range (true) or half a pixel inside (false), as in PyTorch",
    )
    endpoint: bool = Field(
        default=True,
        description="last pixel on the end of the range (true) or one step before it (false), as in NumPy's linspace; "
        "the first one is on the start in both cases, so that false needs align_corners true",
    )
    aspect: Annotated[float, Field(gt=0)] | Literal["picture"] = Field(
        default=1.0,
        description="range of the columns relative to that of the rows, from the same start; picture: equal steps "
        "along both axes, as in COIN, where the height spans the range",
    )

    @model_validator(mode="after")
    def _endpoint_concerns_aligned_corners(self) -> Self:
        if not (self.endpoint or self.align_corners):
            raise RecipeError(
                "must have align_corners true where endpoint is false: pixels half a step inside are on neither end. "
                "Got align_corners false; leave out one of the two."
            )
        return self

    def resolved(self, height: int, width: int) -> Coordinates:
        """Return them with the aspect of a picture of (height, width) in place of ``picture``."""
        if self.aspect != "picture":
            return self
        both_ends = self.align_corners and self.endpoint
        rows, columns = (max(side - 1, 1) if both_ends else side for side in (height, width))
        return self.model_copy(update={"aspect": columns / rows})
