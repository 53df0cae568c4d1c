"""Options of a film, as flags and arguments give them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from sfumato.errors import RecipeError
from sfumato.recipe.section import Section
from sfumato.render.film import MAX_FPS, FilmFormat
from sfumato.render.layout import MAX_SIDE
from sfumato.render.output import width_height

FilmKind = Literal["painting", "error", "beside"]

EXTENSIONS: dict[str, FilmFormat] = {".mp4": "mp4", ".gif": "gif", ".webp": "webp"}


class FilmOptions(Section):
    """Options of the film that is made after training."""

    kind: FilmKind = Field(
        default="painting",
        description="painting; error: absolute error of each pixel; beside: the target and the painting side by side",
    )
    every: Literal["auto", "moment", "epoch", "never"] = Field(
        default="auto",
        description="one frame per saved moment, or per epoch; auto: per epoch if the run is evaluated after every "
        "epoch, as in 2012, else per moment; never: no film",
    )
    format: FilmFormat | None = Field(
        default=None, description="file format; by default that of the extension of out, or mp4"
    )
    out: str | None = Field(default=None, description="output file; by default learning.mp4 in the run's folder")
    size: str | None = Field(
        default=None, description="WIDTHxHEIGHT of the whole film, such as 1920x1080; even numbers for an mp4"
    )
    fit: Literal["pad", "crop"] = Field(
        default="pad", description="with size: pad the picture with margins, or crop it to fill the film"
    )
    max_side: int | None = Field(
        default=None,
        ge=2,
        le=MAX_SIDE,
        description="paint at the picture's size, with at most this many pixels on the longer side",
    )
    fps: float | None = Field(
        default=None, gt=0, le=120, description="frames per second; by default 24 for mp4, 20 for webp, 12.5 for gif"
    )
    seconds: float | None = Field(
        default=None,
        gt=0,
        le=3600,
        description="length in seconds; by default 4 or more, depending on the number of moments",
    )

    @field_validator("size")
    @classmethod
    def _size_is_width_by_height(cls, size: str | None, info: ValidationInfo) -> str | None:
        if size is not None:
            width, height = width_height(size, MAX_SIDE)
            # H.264 with yuv420p stores one chroma sample per 2 x 2 pixels.
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
    def _max_side_excludes_size(cls, max_side: int | None, info: ValidationInfo) -> int | None:
        if max_side is not None and info.data.get("size") is not None:
            raise RecipeError(f"must be left out where size is given. Got {max_side} and {info.data['size']!r}.")
        return max_side

    @field_validator("out")
    @classmethod
    def _extension_is_known(cls, out: str | None, info: ValidationInfo) -> str | None:
        if out is None:
            return None
        if info.data.get("every") == "never":
            raise RecipeError(f"must be left out where every is never: no film is made. Got {out!r}.")
        found = EXTENSIONS.get(Path(out).suffix.lower())
        if found is None:
            raise RecipeError(f"must end in {', '.join(EXTENSIONS)}. Got {out!r}.")
        if info.data.get("format") not in (None, found):
            raise RecipeError(f"must end in .{info.data['format']}, as format says. Got {out!r}.")
        return out

    @field_validator("fps")
    @classmethod
    def _fps_fits_format(cls, fps: float | None, info: ValidationInfo) -> float | None:
        format = _format(info.data.get("format"), info.data.get("out"))
        if fps is not None and fps > MAX_FPS[format]:
            raise RecipeError(f"must be at most {MAX_FPS[format]} for a {format}. Got {fps:g}.")
        return fps

    @property
    def film_format(self) -> FilmFormat:
        """The format given, or that of the extension of `out`, or mp4."""
        return _format(self.format, self.out)


class RemadeFilm(FilmOptions):
    """Options of a film that is made from an existing run; `every` cannot be never."""

    every: Literal["auto", "moment", "epoch"] = Field(  # pyright: ignore[reportIncompatibleVariableOverride]
        default="auto",
        description="one frame per saved moment, or per epoch; auto: per epoch if the run is evaluated after every "
        "epoch, as in 2012, else per moment",
    )


def _format(format: FilmFormat | None, out: str | None) -> FilmFormat:
    return format or EXTENSIONS[Path(out or "learning.mp4").suffix.lower()]
