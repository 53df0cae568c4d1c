"""How a film is made."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from sfumato.errors import RecipeError
from sfumato.recipe.section import Section
from sfumato.render.film import FilmFormat
from sfumato.render.layout import LONGEST
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
    size: str | None = Field(
        default=None, description="paint at exactly WIDTHxHEIGHT, such as 600x858; may be larger than the picture"
    )
    max_side: int | None = Field(
        default=None, ge=2, le=LONGEST, description="paint at the picture's size, its longer side at most this long"
    )
    format: FilmFormat | None = Field(default=None, description="by default what the ending of out says, or mp4")
    out: str | None = Field(default=None, description="file; by default learning.mp4 in the run's folder")
    fps: float | None = Field(default=None, gt=0, le=120, description="frames a second; by default 12 to 30")

    @field_validator("size")
    @classmethod
    def _size_is_width_x_height(cls, size: str | None) -> str | None:
        if size is not None:
            width_height(size, LONGEST)
        return size

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
    def _gif_is_slow(cls, fps: float | None, info: ValidationInfo) -> float | None:
        if fps is not None and fps > 50 and _format(info.data.get("format"), info.data.get("out")) == "gif":
            raise RecipeError(f"must be at most 50 for a gif. Got {fps:g}.")
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
