"""Options of `sfumato render`, as flags and arguments give them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from sfumato.errors import RecipeError
from sfumato.recipe.section import Section
from sfumato.render.output import width_height

MAX_SIDE = 1_000_000
MAX_PIXELS = 200_000_000
"""Largest number of pixels of a rendering; with the copy from which a PNG is written they take 1.4 GB."""


class RenderOptions(Section):
    """Options of a rendering. Wrong values raise RecipeError in one line."""

    size: str | None = Field(
        default=None,
        description="WIDTHxHEIGHT in pixels, such as 2400x3432; by default the picture's; with neurons, of each unit",
    )
    crop: str | None = Field(
        default=None,
        description="TOP,LEFT,BOTTOM,RIGHT as fractions of the picture; -0.5,-0.5,1.5,1.5 adds half a picture per side",
    )
    moment: str = Field(
        default="last",
        description="saved moment: last, or the nearest to a step such as 500, or to an epoch such as epoch=2.5",
    )
    neurons: str | None = Field(
        default=None, description="hidden layer, from 1, or all: draw the outputs of its units on one sheet"
    )
    film: Literal["mp4", "gif", "webp"] | None = Field(
        default=None, description="with neurons: format of an additional film of the sheet over the saved moments"
    )
    out: str | None = Field(
        default=None, description="output file, .png; by default in the run's folder, named after the options"
    )

    @field_validator("size")
    @classmethod
    def _size_is_width_by_height(cls, size: str | None) -> str | None:
        if size is not None:
            width, height = width_height(size, MAX_SIDE)
            if width * height > MAX_PIXELS:
                raise RecipeError(f"must have at most {MAX_PIXELS:,} pixels. Got {size} = {width * height:,}.")
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
        if not all(math.isfinite(edge) and abs(edge) <= 1000 for edge in (top, left, bottom, right)):
            raise RecipeError(f"must be within 1000 picture sizes. Got {crop!r}.")
        for low, high, names in ((top, bottom, "BOTTOM below TOP"), (left, right, "RIGHT after LEFT")):
            if high <= low:
                raise RecipeError(f"must have {names}: {high:g} must be more than {low:g}. Got {crop!r}.")
        return crop

    @field_validator("moment")
    @classmethod
    def _moment_is_valid(cls, moment: str) -> str:
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
            raise RecipeError(f"must be the number of a hidden layer, from 1, or all. Got {neurons!r}.")
        return neurons

    @field_validator("film")
    @classmethod
    def _film_needs_neurons(cls, film: str | None, info: ValidationInfo) -> str | None:
        if film is not None and "neurons" in info.data and info.data["neurons"] is None:
            raise RecipeError("needs neurons, such as 1; sfumato film makes films of the painting.")
        return film

    @field_validator("out")
    @classmethod
    def _out_is_png(cls, out: str | None) -> str | None:
        if out is not None and Path(out).suffix.lower() != ".png":
            raise RecipeError(f"must end in .png. Got {out!r}.")
        return out
