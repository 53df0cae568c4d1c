"""Pictures passed by programs: files, names of samples, settings of the recipe, images of Pillow, arrays."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from numpy.typing import NDArray
from PIL import Image

from sfumato.errors import RecipeError
from sfumato.images import array, decode, planes
from sfumato.images.planes import Planes
from sfumato.images.refusal import InMemoryName

if TYPE_CHECKING:
    import torch

PictureSource: TypeAlias = "str | os.PathLike[str] | Image.Image | NDArray[Any] | Sequence[Any] | torch.Tensor"
"""A file or the name of a sample; or a picture in memory: an image of Pillow, an array, a tensor, nested lists.

Arrays have shape (H, W), or (H, W, C) with C = 1 gray, 2 gray and alpha, 3 RGB, 4 RGBA; uint8, uint16, bool, or floats
in [0, 1].
"""


def picture_settings(
    picture: PictureSource | Mapping[str, Any] | None, named: PictureSource | Mapping[str, Any] | None = None
) -> tuple[dict[str, Any], object | None]:
    """Return the recipe's settings of a picture, and the picture itself if it is in memory, else None.

    ``picture`` is the positional argument of a caller, and ``named`` its ``picture=``: the picture, or settings for the
    positional one. Raises RecipeError where both are pictures.
    """
    if picture is None or named is None:
        source, settings = (picture if named is None else named), {}
    elif isinstance(named, Mapping) and not isinstance(picture, Mapping) and "source" not in named:
        source, settings = picture, named
    else:
        raise RecipeError("the picture must be given once, optionally with picture={settings}. Got two pictures.")
    if source is None:
        return {}, None
    if isinstance(source, Mapping):
        return dict(cast("Mapping[str, Any]", source)), None
    if isinstance(source, str | os.PathLike):
        return {"source": os.fspath(source), **settings}, None
    return {"source": "image" if isinstance(source, Image.Image) else "array", **settings}, source


def from_memory(picture: object, *, managed: bool) -> Planes:
    """Convert a picture in memory to planes. Raises PictureError."""
    name = name_of(picture)
    if isinstance(picture, Image.Image):
        return planes.from_decoded(decode.opened(picture, name), name, managed=managed)
    return array.from_array(picture, name)


def name_of(picture: object) -> InMemoryName:
    """Return the name of a picture in memory for messages, such as "an array of uint8"."""
    kind = type(picture).__name__
    if isinstance(picture, Image.Image):
        return InMemoryName(f"an image of mode {picture.mode}, {picture.width}x{picture.height}")
    dtype = str(getattr(picture, "dtype", "")).removeprefix("torch.")
    noun = {"ndarray": "an array", "Tensor": "a tensor"}.get(kind, f"a {kind}")
    return InMemoryName(f"{noun} of {dtype}" if dtype else noun)
