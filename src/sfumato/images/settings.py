"""What loading a picture must be told: the recipe's section about its picture, or anything that has as much.

No recipe is imported for it: a process that only decodes a file starts in half the time.
"""

from __future__ import annotations

from typing import Literal, Protocol, TypeAlias

Channels: TypeAlias = Literal["auto", "gray", "rgb", "rgba"]


class PictureSettings(Protocol):
    """Attributes of `recipe.Picture`, which says what each means."""

    @property
    def source(self) -> str:
        """A file, or the name of a sample."""
        ...

    @property
    def width_height(self) -> tuple[int, int] | None:
        """Size in pixels to resize to."""
        ...

    @property
    def max_side(self) -> int | None:
        """Most pixels of the longer side."""
        ...

    @property
    def has_default_limit(self) -> bool:
        """Whether nobody need have asked for `max_side`, so that a picture that it shrinks is told of."""
        ...

    @property
    def channels(self) -> Channels:
        """Channels of the result."""
        ...

    @property
    def light(self) -> Literal["srgb", "linear"]:
        """Transfer of the result."""
        ...

    @property
    def color(self) -> Literal["managed", "raw"]:
        """Whether an embedded profile is converted."""
        ...
