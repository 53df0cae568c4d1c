"""Checking, resampling, and drawing pictures given as floats."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sfumato import images
from sfumato.errors import PictureError

CHECKERBOARD_GRAYS = (255, 230)
"""Gray levels of the checkerboard behind transparent pixels."""
CHECKERBOARD_SIDE = 8
"""Side of the checkerboard's squares in pixels."""


def checked(picture: NDArray[np.floating], name: str = "painting") -> NDArray[np.float32]:
    """Return the picture as float32 (H, W, C) with nan as 0; a gray (H, W) gets a channel axis. Raises PictureError."""
    array = np.asarray(picture)
    if array.ndim == 2:
        array = array[:, :, np.newaxis]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or not array.size:
        raise PictureError(f"The {name} must be (height, width, 1, 3 or 4 channels). Got the shape {array.shape}.")
    if not np.issubdtype(array.dtype, np.floating):
        raise PictureError(f"The {name} must hold floating-point values in [0, 1]. Got {array.dtype}.")
    # A network that diverges paints nan, and must still give a picture, the last of its film.
    return np.nan_to_num(array.astype(np.float32, copy=False), nan=0.0, posinf=1.0, neginf=0.0)


def resampled(picture: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Resample the picture (H, W, C) to `size` (width, height) in floats: bicubic to enlarge, Lanczos to reduce."""
    enlarge = picture.shape[1] < size[0] or picture.shape[0] < size[1]
    channels = np.moveaxis(picture, 2, 0)
    return np.stack(
        [np.asarray(Image.fromarray(channel).resize(size, _method(enlarge))) for channel in channels], axis=2
    )


def opaque(picture: NDArray[np.floating], size: tuple[int, int], factor: int = 1) -> Image.Image:
    """Draw the picture as RGB at `size` (width, height), over a checkerboard, with each pixel repeated `factor` times.

    The picture is resampled as by `resampled`; pixels are repeated along both sides. Raises PictureError.
    """
    drawn = images.as_image(checked(picture))
    if drawn.size != size:
        drawn = drawn.resize(size, _method(drawn.width < size[0] or drawn.height < size[1]))
    if factor > 1:
        drawn = drawn.resize((size[0] * factor, size[1] * factor), Image.Resampling.NEAREST)
    if drawn.mode != "RGBA":
        return drawn.convert("RGB")
    rows, columns = np.ogrid[: drawn.height, : drawn.width]
    light = (rows // CHECKERBOARD_SIDE + columns // CHECKERBOARD_SIDE) % 2 == 0
    board = Image.fromarray(np.where(light, *CHECKERBOARD_GRAYS).astype(np.uint8)).convert("RGBA")
    return Image.alpha_composite(board, drawn).convert("RGB")


def _method(enlarge: bool) -> Image.Resampling:
    # Lanczos would ring around edges when it enlarges, and so show features that the network did not output.
    return Image.Resampling.BICUBIC if enlarge else Image.Resampling.LANCZOS
