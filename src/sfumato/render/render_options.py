"""How a network is rendered."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from sfumato.errors import RecipeError
from sfumato.recipe.section import Section
from sfumato.render.size import width_height

LONGEST_SIDE = 1_000_000
MOST_PIXELS = 200_000_000
"""Of a rendering: their bytes, and the copy that a PNG is written from, are 1.4 GB."""


class RenderOptions(Section):
    """What `render` is asked for. Wrong values raise RecipeError in one line."""

    size: str | None = Field(
        default=None,
        description="WIDTHxHEIGHT to paint, such as 2400x3432; by default the picture's; with neurons, of each of them",
    )
    crop: str | None = Field(
        default=None,
        description="TOP,LEFT,BOTTOM,RIGHT in parts of the picture; -0.5,-0.5,1.5,1.5 goes half a picture beyond",
    )
    moment: str = Field(
        default="last", description="last, a step such as 500, or an epoch such as epoch=2.5: the nearest saved moment"
    )
    neurons: str | None = Field(
        default=None, description="a hidden layer, 1 the first, or all: what each of its units answers, on one sheet"
    )
    film: Literal["mp4", "gif", "webp"] | None = Field(
        default=None, description="with neurons: also a film of the sheet over the saved moments"
    )
    out: str | None = Field(
        default=None, description="a .png file; by default in the run's folder, named by what it is"
    )

    @field_validator("size")
    @classmethod
    def _size_is_width_x_height(cls, size: str | None) -> str | None:
        if size is not None:
            width, height = width_height(size, LONGEST_SIDE)
            if width * height > MOST_PIXELS:
                raise RecipeError(f"must have at most {MOST_PIXELS:,} pixels. Got {size} = {width * height:,}.")
        return size

    @field_validator("crop")
    @classmethod
    def _crop_is_four_numbers(cls, crop: str | None) -> str | None:
        if crop is None:
            return None
        try:
            top, left, bottom, right = (float(part) for part in crop.split(","))
        except ValueError:
            raise RecipeError(f"must be TOP,LEFT,BOTTOM,RIGHT, such as 0.25,0.25,0.75,0.75. Got {crop!r}.") from None
        if not all(math.isfinite(end) and abs(end) <= 1000 for end in (top, left, bottom, right)):
            raise RecipeError(f"must be within 1000 pictures. Got {crop!r}.")
        for low, high, names in ((top, bottom, "BOTTOM below TOP"), (left, right, "RIGHT after LEFT")):
            if high <= low:
                raise RecipeError(f"must have {names}: {high:g} must be more than {low:g}. Got {crop!r}.")
        return crop

    @field_validator("moment")
    @classmethod
    def _moment_is_a_time(cls, moment: str) -> str:
        try:
            epoch = moment.startswith("epoch=")
            valid = moment == "last" or 0 <= (float(moment[6:]) if epoch else int(moment)) < math.inf
        except ValueError:
            valid = False
        if not valid:
            raise RecipeError(f"must be last, a step such as 500, or an epoch such as epoch=2.5. Got {moment!r}.")
        return moment

    @field_validator("neurons")
    @classmethod
    def _neurons_is_a_layer(cls, neurons: str | None) -> str | None:
        if neurons is not None and neurons != "all" and not (neurons.isdecimal() and int(neurons) >= 1):
            raise RecipeError(f"must be a hidden layer's number, 1 the first, or all. Got {neurons!r}.")
        return neurons

    @field_validator("film")
    @classmethod
    def _film_is_of_neurons(cls, film: str | None, info: ValidationInfo) -> str | None:
        if film is not None and "neurons" in info.data and info.data["neurons"] is None:
            raise RecipeError("needs neurons, such as 1; sfumato film makes films of the painting.")
        return film

    @field_validator("out")
    @classmethod
    def _out_is_png(cls, out: str | None) -> str | None:
        if out is not None and Path(out).suffix.lower() != ".png":
            raise RecipeError(f"must end in .png. Got {out!r}.")
        return out
