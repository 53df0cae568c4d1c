"""How a film is made."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from sfumato.errors import RecipeError
from sfumato.recipe.section import Section
from sfumato.render.film import FilmFormat
from sfumato.render.layout import LONGEST
from sfumato.render.pace import MOST_FPS
from sfumato.render.size import width_height

FilmKind = Literal["painting", "error", "beside"]

ENDINGS: dict[str, FilmFormat] = {".mp4": "mp4", ".gif": "gif", ".webp": "webp"}


class FilmOptions(Section):
    """How a run's film is made."""

    kind: FilmKind = Field(
        default="painting",
        description="painting; error: how far each pixel is off; beside: the target and the painting side by side",
    )
    every: Literal["auto", "moment", "epoch", "never"] = Field(
        default="auto",
        description="a frame for each saved moment, or for each epoch; auto: for each epoch where a run compares its "
        "painting after each, as in 2012, else for each moment; never: no film",
    )
    format: FilmFormat | None = Field(default=None, description="by default what the ending of out says, or mp4")
    out: str | None = Field(default=None, description="file; by default learning.mp4 in the run's folder")
    size: str | None = Field(
        default=None, description="WIDTHxHEIGHT of the whole film, such as 1920x1080; even numbers for an mp4"
    )
    fit: Literal["pad", "crop"] = Field(
        default="pad", description="with size: show the whole picture, with margins; or fill the film and cut the rest"
    )
    max_side: int | None = Field(
        default=None, ge=2, le=LONGEST, description="paint at the picture's size, its longer side at most this long"
    )
    fps: float | None = Field(
        default=None, gt=0, le=120, description="frames a second; by default 24, as webp 20, as gif 12.5"
    )
    seconds: float | None = Field(
        default=None, gt=0, le=3600, description="length of the film; by default 4 or more, by the number of moments"
    )

    @field_validator("size")
    @classmethod
    def _size_is_width_x_height(cls, size: str | None, info: ValidationInfo) -> str | None:
        if size is not None:
            width, height = width_height(size, LONGEST)
            # H.264 has one hue for 2 x 2 pixels.
            if (width % 2 or height % 2) and _format(info.data.get("format"), info.data.get("out")) == "mp4":
                even = f"{width + width % 2}x{height + height % 2}"
                raise RecipeError(f"must be two even numbers for an mp4, such as {even}. Got {size!r}.")
        return size

    @field_validator("fit")
    @classmethod
    def _fit_needs_a_size(cls, fit: str, info: ValidationInfo) -> str:
        if fit == "crop" and info.data.get("size") is None and "size" in info.data:
            raise RecipeError("crop needs size, such as 1920x1080: a film without one has the picture's shape.")
        return fit

    @field_validator("max_side")
    @classmethod
    def _one_size(cls, max_side: int | None, info: ValidationInfo) -> int | None:
        if max_side is not None and info.data.get("size") is not None:
            raise RecipeError(f"must be left out where size is given. Got {max_side} and {info.data['size']!r}.")
        return max_side

    @field_validator("out")
    @classmethod
    def _ending_is_known(cls, out: str | None, info: ValidationInfo) -> str | None:
        if out is None:
            return None
        if info.data.get("every") == "never":
            raise RecipeError(f"must be left out where every is never: no film is made. Got {out!r}.")
        found = ENDINGS.get(Path(out).suffix.lower())
        if found is None:
            raise RecipeError(f"must end in {', '.join(ENDINGS)}. Got {out!r}.")
        if info.data.get("format") not in (None, found):
            raise RecipeError(f"must end in .{info.data['format']}, as format says. Got {out!r}.")
        return out

    @field_validator("fps")
    @classmethod
    def _not_too_quick(cls, fps: float | None, info: ValidationInfo) -> float | None:
        format = _format(info.data.get("format"), info.data.get("out"))
        if fps is not None and fps > MOST_FPS[format]:
            raise RecipeError(f"must be at most {MOST_FPS[format]} for a {format}. Got {fps:g}.")
        return fps

    @property
    def film_format(self) -> FilmFormat:
        """As it was asked for, or as `out` ends, or mp4."""
        return _format(self.format, self.out)


class RemadeFilm(FilmOptions):
    """How the film of a run that is there is made again: it is wanted, or nobody would ask."""

    every: Literal["auto", "moment", "epoch"] = Field(  # pyright: ignore[reportIncompatibleVariableOverride]
        default="auto",
        description="a frame for each saved moment, or for each epoch; auto: for each epoch where a run compares its "
        "painting after each, as in 2012, else for each moment",
    )


def _format(format: FilmFormat | None, out: str | None) -> FilmFormat:
    return format or ENDINGS[Path(out or "learning.mp4").suffix.lower()]
