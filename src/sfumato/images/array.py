"""Pictures passed by programs: arrays, tensors, nested lists, images of Pillow, names of files and samples."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sfumato.errors import PictureError, RecipeError
from sfumato.images import decode, planes
from sfumato.images.picture_errors import InMemoryName, picture_error, reason
from sfumato.images.planes import Plane, Planes

if TYPE_CHECKING:
    import torch


ROUNDING = 1e-3
"""Distance from [0, 1] within which floats are clipped: a quarter of a level of 255, one step of float16 above 1."""

SHAPES = "(H, W), (H, W, 1), (H, W, 2), (H, W, 3) or (H, W, 4)"
"""Shapes of gray, gray, gray with alpha, RGB, RGBA."""


def from_array(picture: object, name: InMemoryName) -> Planes:
    """Convert an array (H, W) or (H, W, 1 to 4) to planes, as `planes.from_decoded` does for a file.

    uint8 is v / 255, uint16 v / 65535, bool 0 or 1; floats are used directly and clipped where `ROUNDING` allows it.
    Byte order and memory layout do not matter, and the array is not changed. Raises PictureError for all else, with
    the range of the values and a remedy.
    """
    array = _as_array(picture, name)
    channels = _checked_shape(array, name)
    planes = [_plane(channel) for channel in channels] if _has_file_dtype(array) else _of_floats(array, channels, name)
    colors, alpha = (planes, None) if len(planes) in (1, 3) else (planes[:-1], planes[-1])
    return Planes(tuple(colors), alpha)


def _as_array(picture: object, name: InMemoryName) -> NDArray[Any]:
    try:
        if np.ma.is_masked(picture):
            rule, remedy = "an array without masked values", "fill them first: array.filled(0)"
            raise picture_error(name, rule, "in which some are masked", remedy)
        # Unless torch has been imported, the object cannot be a tensor.
        torch = sys.modules.get("torch")
        if torch is not None and isinstance(picture, torch.Tensor):
            tensor: Any = picture
            tensor = tensor.detach().cpu()
            # NumPy has no bfloat16; float32 represents all of its values.
            picture = (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy(force=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.asarray(picture)
    except PictureError:
        raise
    # An object may raise anything when it is converted; rows of unequal length are the usual reason.
    except Exception as error:
        rule, found = (
            f"an array of numbers of shape {SHAPES}",
            f"which is not one ({type(error).__name__}: {reason(error)})",
        )
        raise picture_error(name, rule, found, "make it an array with numpy.asarray first") from None


def _checked_shape(array: NDArray[Any], name: InMemoryName) -> list[NDArray[Any]]:
    if array.ndim == 2 and array.size:
        return [array]
    if array.ndim == 3 and array.shape[2] in (1, 2, 3, 4) and array.size:
        return [array[:, :, channel] for channel in range(array.shape[2])]
    remedy = "reshape it to one of these"
    if array.ndim == 3 and array.shape[0] in (1, 2, 3, 4) and array.size:
        remedy = "move its channels to the last axis: numpy.moveaxis(array, 0, 2), or tensor.permute(1, 2, 0)"
    elif array.ndim == 4 and array.shape[0] == 1 and array.size:
        remedy = "select the one picture of the batch: array[0]"
    elif array.ndim and not array.size:
        remedy = "pass an array with pixels"
    raise picture_error(name, f"an array of shape {SHAPES}", f"of shape {array.shape}", remedy)


def _has_file_dtype(array: NDArray[Any]) -> bool:
    """Tell whether the data type alone gives the range of the values, as that of a file does."""
    return array.dtype.kind == "b" or (array.dtype.kind == "u" and array.dtype.itemsize <= 2)


def _plane(values: NDArray[Any]) -> Plane:
    if values.dtype.kind == "b":
        return np.where(values, np.uint8(255), np.uint8(0))
    if values.dtype.itemsize == 1:
        return values
    # Both are integers that float32 represents exactly, so that their quotient is rounded once.
    return values.astype(np.float32) / np.float32(65535)


def _of_floats(array: NDArray[Any], channels: list[NDArray[Any]], name: InMemoryName) -> list[Plane]:
    kind = array.dtype.kind
    if kind not in "fiu":
        rule = "an array of uint8, uint16, bool, or floats in [0, 1]"
        remedy = "take its real part" if kind == "c" else "convert it: array.astype(float), values from 0 to 1"
        raise picture_error(name, rule, "which has another data type", remedy)
    low, high = array.min(), array.max()
    found = f"with values from {low:.7g} to {high:.7g}"
    if kind != "f":
        # Wider integers do not tell whether their full range is 1, 255 or 65535.
        rule = "an array of uint8 (0 to 255), uint16 (0 to 65535), bool, or floats in [0, 1]"
        raise picture_error(name, rule, found, _dtype_remedy(low, high))
    if not (np.isfinite(low) and np.isfinite(high)):
        rule, remedy = "an array of finite floats in [0, 1]", "replace them: numpy.nan_to_num(array)"
        raise picture_error(name, rule, "which contains NaN or infinity", remedy)
    if low < -ROUNDING or high > 1 + ROUNDING:
        rule = f"an array of floats in [0, 1] within {ROUNDING:g}"
        raise picture_error(name, rule, found, _scale_remedy(low, high))
    return [np.clip(channel, 0, 1).astype(np.float32) for channel in channels]


def _dtype_remedy(low: Any, high: Any) -> str:
    if low >= 0 and high <= 255:
        return "convert them: array.astype(numpy.uint8), or array.astype(bool)"
    if low >= 0 and high <= 65535:
        return "convert them: array.astype(numpy.uint16)"
    return "scale them to [0, 1]"


def _scale_remedy(low: Any, high: Any) -> str:
    if low >= 0 and high <= 255:
        return "divide them by 255"
    if low >= 0 and high <= 65535:
        return "divide them by 65535"
    if low >= -1 and high <= 1:
        return "scale them: (array + 1) / 2 for values from -1 to 1"
    return "scale them to [0, 1], or clip them: array.clip(0, 1)"


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
    return from_array(picture, name)


def name_of(picture: object) -> InMemoryName:
    """Return the name of a picture in memory for messages, such as "an array of uint8"."""
    kind = type(picture).__name__
    if isinstance(picture, Image.Image):
        return InMemoryName(f"an image of mode {picture.mode}, {picture.width}x{picture.height}")
    dtype = str(getattr(picture, "dtype", "")).removeprefix("torch.")
    noun = {"ndarray": "an array", "Tensor": "a tensor"}.get(kind, f"a {kind}")
    return InMemoryName(f"{noun} of {dtype}" if dtype else noun)
