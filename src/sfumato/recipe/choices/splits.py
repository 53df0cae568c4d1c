"""Splits of a picture into what is trained on and held-out pixels, on which the network is validated."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Self

from pydantic import Field, model_serializer
from pydantic.dataclasses import dataclass

from sfumato.errors import RecipeError
from sfumato.formatting import one_digit
from sfumato.recipe.choices.choice import CONFIG, Choice


@dataclass(frozen=True, config=CONFIG)
class Split(
    Choice,
    family="split",
    implementations="sfumato.training.picture.splits:{name}",
    facts=("samples", "smaller"),
):
    """Split of the pixels. A number is short for the fraction of pixels that `random` holds out, 0 for `none`."""

    number_means_member: ClassVar[bool] = True

    def samples(self, height: int, width: int) -> int:
        """Return the number of training samples of a picture; the pixels themselves where nothing is held out."""
        raise NotImplementedError

    def smaller(self) -> Split | None:
        """Return a split that holds out fewer pixels, or None where there is none."""
        raise NotImplementedError

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the split that ``text`` calls, also a number, as `Choice.parse` does."""
        try:
            number = float(text)
        except ValueError:
            return super().parse(text)
        return cls.of_number(number)

    @classmethod
    def of_number(cls, number: float) -> Any:
        """Return the random split of that fraction, or `NoSplit` for 0."""
        if not 0 <= number <= MAX_FRACTION:
            raise RecipeError(
                f"must be at least 0 and at most {MAX_FRACTION} as a number, the fraction held out at random. "
                f"Got {number:g}."
            )
        return RandomSplit(fraction=number) if number else NoSplit()

    @model_serializer
    def _write(self) -> str | float:
        # A number where nothing is held out, so that recipes and strings without a split are as they always were.
        return 0.0 if isinstance(self, NoSplit) else str(self)


MAX_FRACTION = 0.95


@dataclass(frozen=True, config=CONFIG)
class NoSplit(Split, name="none"):
    """No held-out pixel."""

    def samples(self, height: int, width: int) -> int:
        """Return the number of pixels."""
        return height * width

    def smaller(self) -> Split | None:
        """Return None."""
        return None


@dataclass(frozen=True, config=CONFIG)
class RandomSplit(Split, name="random"):
    """A fraction of the pixels, drawn at random without replacement; a number alone means the same."""

    fraction: float = Field(default=0.1, gt=0, le=MAX_FRACTION, description="fraction of the pixels held out")

    def samples(self, height: int, width: int) -> int:
        """Return the number of pixels less the rounded fraction."""
        return height * width - round(self.fraction * height * width)

    def smaller(self) -> Split | None:
        """Return half the fraction."""
        return replace(self, fraction=one_digit(self.fraction / 2))


@dataclass(frozen=True, config=CONFIG)
class Checkerboard(Split, name="checkerboard"):
    """Every second pixel, like the black squares of a chessboard; that of the upper left corner is trained on."""

    def samples(self, height: int, width: int) -> int:
        """Return half of the pixels, rounded up."""
        return (height * width + 1) // 2

    def smaller(self) -> Split | None:
        """Return a random tenth."""
        return RandomSplit()


@dataclass(frozen=True, config=CONFIG)
class RegularGrid(Split, name="regular_grid"):
    """All pixels but those of every stride-th row and column, as of the pictures of Tancik et al. 2020 with 2."""

    stride: int = Field(default=2, ge=2, le=65536, description="distance of the pixels trained on, in pixels")

    def samples(self, height: int, width: int) -> int:
        """Return the number of pixels in every stride-th row and column, counted from the first."""
        return -(-height // self.stride) * -(-width // self.stride)

    def smaller(self) -> Split | None:
        """Return half the stride, or a checkerboard where that is 1."""
        return replace(self, stride=self.stride // 2) if self.stride >= 4 else Checkerboard()


@dataclass(frozen=True, config=CONFIG)
class Rectangle(Split, name="rectangle"):
    """The pixels of a rectangle, as a task of inpainting. Its sides are fractions of the picture."""

    top: float = Field(default=0.375, ge=0, lt=1, description="upper side, as a fraction of the height")
    left: float = Field(default=0.375, ge=0, lt=1, description="left side, as a fraction of the width")
    bottom: float = Field(default=0.625, gt=0, le=1, description="lower side, as a fraction of the height")
    right: float = Field(default=0.625, gt=0, le=1, description="right side, as a fraction of the width")

    def __post_init__(self) -> None:
        """Raise RecipeError unless the sides are in order."""
        if not (self.top < self.bottom and self.left < self.right):
            raise RecipeError(f"must be a rectangle with top < bottom and left < right. Got {self}.")

    def bounds(self, height: int, width: int) -> tuple[slice, slice]:
        """Return the rows and the columns of the held-out pixels."""
        return (
            slice(round(self.top * height), round(self.bottom * height)),
            slice(round(self.left * width), round(self.right * width)),
        )

    def samples(self, height: int, width: int) -> int:
        """Return the number of pixels outside the rectangle."""
        rows, columns = self.bounds(height, width)
        return height * width - (rows.stop - rows.start) * (columns.stop - columns.start)

    def smaller(self) -> Split | None:
        """Return a rectangle with sides half as long and the same center."""
        rows, columns = (self.bottom - self.top) / 4, (self.right - self.left) / 4
        return Rectangle(self.top + rows, self.left + columns, self.bottom - rows, self.right - columns)


@dataclass(frozen=True, config=CONFIG)
class AreaAverage(Split, name="area_average"):
    """All pixels: samples are the averages over squares of pixels, as a task of super-resolution."""

    factor: int = Field(default=2, ge=2, le=65536, description="side of a square, in pixels")

    def samples(self, height: int, width: int) -> int:
        """Return the number of squares, those that the border cuts included."""
        return -(-height // self.factor) * -(-width // self.factor)

    def smaller(self) -> Split | None:
        """Return half the side, or a checkerboard where that is 1."""
        return replace(self, factor=self.factor // 2) if self.factor >= 4 else Checkerboard()
