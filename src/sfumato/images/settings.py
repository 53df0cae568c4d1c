"""Settings for loading a picture: the recipe's section ``picture``, or any object with the same attributes.

The recipe package is not imported here, which halves the start-up time of a process that only decodes a file.
"""

from __future__ import annotations

from typing import Literal, Protocol, TypeAlias

Channels: TypeAlias = Literal["auto", "gray", "rgb", "rgba"]


class PictureSettings(Protocol):
    """Attributes of `recipe.Picture`, where each is described."""

    @property
    def source(self) -> str:
        """File, or name of a sample."""
        ...

    @property
    def width_height(self) -> tuple[int, int] | None:
        """Exact size in pixels, if any."""
        ...

    @property
    def max_side(self) -> int | None:
        """Largest length of the longer side in pixels."""
        ...

    @property
    def has_default_limit(self) -> bool:
        """Whether ``max_side`` has its default value, so that shrinking a picture is logged."""
        ...

    @property
    def channels(self) -> Channels:
        """Channels of the result."""
        ...

    @property
    def transfer(self) -> Literal["srgb", "linear"]:
        """Transfer function of the result."""
        ...

    @property
    def color_management(self) -> bool:
        """Whether an embedded profile is converted."""
        ...
