"""Arrays, tensors and nested lists as planes of numbers."""

from __future__ import annotations

import sys
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.errors import PictureError
from sfumato.images.planes import Plane, Planes
from sfumato.images.refusal import Given, reason, refusal

ROUNDING = 1e-3
"""How far floats may lie outside of [0, 1], to be clipped: a quarter of a level of 255, one step of float16 above 1."""

SHAPES = "(H, W), (H, W, 1), (H, W, 2), (H, W, 3) or (H, W, 4)"
"""Gray, gray, gray with alpha, RGB, RGBA."""


def from_array(given: object, name: Given) -> Planes:
    """The numbers of an array (H, W) or (H, W, 1 to 4), as `planes.from_decoded` gives those of a file.

    uint8 is v / 255, uint16 v / 65535, bool 0 or 1, floats are taken as they are, clipped where `ROUNDING` allows it.
    Byte order and memory layout do not matter, and the array is left as it is. Raises PictureError for all else, with
    the range that was found and what to do.
    """
    array = _as_array(given, name)
    channels = _checked_shape(array, name)
    planes = [_plane(channel) for channel in channels] if _is_stored(array) else _of_floats(array, channels, name)
    colors, alpha = (planes, None) if len(planes) in (1, 3) else (planes[:-1], planes[-1])
    return Planes(tuple(colors), alpha)


def _as_array(given: object, name: Given) -> NDArray[Any]:
    try:
        if np.ma.is_masked(given):
            rule, remedy = "an array without masked values", "fill them first: array.filled(0)"
            raise refusal(name, rule, "in which some are masked", remedy)
        # An array that knows no tensor yet cannot be one.
        torch = sys.modules.get("torch")
        if torch is not None and isinstance(given, torch.Tensor):
            tensor: Any = given
            tensor = tensor.detach().cpu()
            # NumPy has no such type; float32 holds all of its values.
            given = (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy(force=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.asarray(given)
    except PictureError:
        raise
    # Whatever it is, it says in its own way that it is no array; rows of unequal length are the usual reason.
    except Exception as error:
        rule, found = (
            f"an array of numbers of shape {SHAPES}",
            f"which is none ({type(error).__name__}: {reason(error)})",
        )
        raise refusal(name, rule, found, "make it an array with numpy.asarray first") from None


def _checked_shape(array: NDArray[Any], name: Given) -> list[NDArray[Any]]:
    if array.ndim == 2 and array.size:
        return [array]
    if array.ndim == 3 and array.shape[2] in (1, 2, 3, 4) and array.size:
        return [array[:, :, channel] for channel in range(array.shape[2])]
    remedy = "lay its rows, columns and channels out like that"
    if array.ndim == 3 and array.shape[0] in (1, 2, 3, 4) and array.size:
        remedy = "its channels seem to come first: numpy.moveaxis(array, 0, 2), or tensor.permute(1, 2, 0)"
    elif array.ndim == 4 and array.shape[0] == 1 and array.size:
        remedy = "take the one picture out of the batch: array[0]"
    elif array.ndim and not array.size:
        remedy = "give one that holds a picture"
    raise refusal(name, f"an array of shape {SHAPES}", f"of shape {array.shape}", remedy)


def _is_stored(array: NDArray[Any]) -> bool:
    """Whether its numbers are those of a file, whose range the type alone tells."""
    return array.dtype.kind == "b" or (array.dtype.kind == "u" and array.dtype.itemsize <= 2)


def _plane(values: NDArray[Any]) -> Plane:
    if values.dtype.kind == "b":
        return np.where(values, np.uint8(255), np.uint8(0))
    if values.dtype.itemsize == 1:
        return values
    # Both are whole numbers that float32 holds, so that their quotient is rounded once.
    return values.astype(np.float32) / np.float32(65535)


def _of_floats(array: NDArray[Any], channels: list[NDArray[Any]], name: Given) -> list[Plane]:
    kind = array.dtype.kind
    if kind not in "fiu":
        rule = "an array of uint8, uint16, bool, or floats in [0, 1]"
        remedy = "take its real part" if kind == "c" else "convert it: array.astype(float), values from 0 to 1"
        raise refusal(name, rule, "which holds something else", remedy)
    low, high = array.min(), array.max()
    found = f"whose values go from {low:.7g} to {high:.7g}"
    if kind != "f":
        # Where they go from 0 to 1, or to 255, or to 65535, is for their owner to say.
        rule = "an array of uint8 (0 to 255), uint16 (0 to 65535), bool, or floats in [0, 1]"
        raise refusal(name, rule, found, _as_stored(low, high))
    if not (np.isfinite(low) and np.isfinite(high)):
        rule, remedy = "an array of finite floats in [0, 1]", "replace them: numpy.nan_to_num(array)"
        raise refusal(name, rule, "which holds NaN or infinity", remedy)
    if low < -ROUNDING or high > 1 + ROUNDING:
        rule = f"an array of floats in [0, 1], rounding of {ROUNDING:g} aside"
        raise refusal(name, rule, found, _scaled(low, high))
    return [np.clip(channel, 0, 1).astype(np.float32) for channel in channels]


def _as_stored(low: Any, high: Any) -> str:
    if low >= 0 and high <= 255:
        return "say which they are: array.astype(numpy.uint8), or array.astype(bool)"
    if low >= 0 and high <= 65535:
        return "say that they are 16 bits: array.astype(numpy.uint16)"
    return "scale them to [0, 1]"


def _scaled(low: Any, high: Any) -> str:
    if low >= 0 and high <= 255:
        return "divide them by 255"
    if low >= 0 and high <= 65535:
        return "divide them by 65535"
    if low >= -1 and high <= 1:
        return "scale them: (array + 1) / 2 where they go from -1 to 1"
    return "scale them to [0, 1], or clip them: array.clip(0, 1)"
