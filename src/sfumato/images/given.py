"""What a program gives as its picture: a file, a sample's name, the recipe's settings, an image of Pillow, an array."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from numpy.typing import NDArray
from PIL import Image

from sfumato.errors import RecipeError
from sfumato.images import array, decode, planes
from sfumato.images.planes import Planes
from sfumato.images.refusal import Given

if TYPE_CHECKING:
    import torch

PictureSource: TypeAlias = "str | os.PathLike[str] | Image.Image | NDArray[Any] | Sequence[Any] | torch.Tensor"
"""A file or the name of a sample; or a picture that is in memory: an image of Pillow, an array, a tensor, nested lists.

Of shape (H, W), or (H, W, C): 1 gray, 2 gray and alpha, 3 RGB, 4 RGBA; uint8, uint16, bool, or floats in [0, 1].
"""


def asked(
    picture: PictureSource | Mapping[str, Any] | None, named: PictureSource | Mapping[str, Any] | None = None
) -> tuple[dict[str, Any], object | None]:
    """The recipe's settings of a picture, and the picture itself where it is in memory, else None.

    ``named`` is what was given as ``picture=``: the picture, or settings of that which was given first. Raises
    RecipeError where there are two.
    """
    if picture is None or named is None:
        given, settings = (picture if named is None else named), {}
    elif isinstance(named, Mapping) and not isinstance(picture, Mapping) and "source" not in named:
        given, settings = picture, named
    else:
        raise RecipeError("the picture must be given once, with picture={settings} beside it at most. Got two.")
    if given is None:
        return {}, None
    if isinstance(given, Mapping):
        return dict(cast("Mapping[str, Any]", given)), None
    if isinstance(given, str | os.PathLike):
        return {"source": os.fspath(given), **settings}, None
    return {"source": "image" if isinstance(given, Image.Image) else "array", **settings}, given


def from_given(given: object, *, managed: bool) -> Planes:
    """The numbers of a picture in memory. Raises PictureError."""
    name = name_of(given)
    if isinstance(given, Image.Image):
        return planes.from_decoded(decode.opened(given, name), name, managed=managed)
    return array.from_array(given, name)


def name_of(given: object) -> Given:
    """What it is, in words."""
    kind = type(given).__name__
    if isinstance(given, Image.Image):
        return Given(f"an image of mode {given.mode}, {given.width}x{given.height}")
    dtype = str(getattr(given, "dtype", "")).removeprefix("torch.")
    thing = {"ndarray": "an array", "Tensor": "a tensor"}.get(kind, f"a {kind}")
    return Given(f"{thing} of {dtype}" if dtype else thing)
