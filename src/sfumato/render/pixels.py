"""From a picture in floats to the pixels that are drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sfumato import images
from sfumato.errors import PictureError

GRAYS = (255, 230)
"""Of the checkerboard behind what is transparent."""
CHECKER = 8
"""Its squares' side in pixels."""


def checked(picture: NDArray[np.floating], name: str = "painting") -> NDArray[np.float32]:
    """The picture as float32 (H, W, C), nan as 0; a gray (H, W) gets its channel. Raises PictureError."""
    array = np.asarray(picture)
    if array.ndim == 2:
        array = array[:, :, np.newaxis]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or not array.size:
        raise PictureError(f"The {name} must be (height, width, 1, 3 or 4 channels). Got the shape {array.shape}.")
    if not np.issubdtype(array.dtype, np.floating):
        raise PictureError(f"The {name} must hold floating-point values in [0, 1]. Got {array.dtype}.")
    # A network that diverges paints nan; it must still give a picture, the last of its film.
    return np.nan_to_num(array.astype(np.float32, copy=False), nan=0.0, posinf=1.0, neginf=0.0)


def resampled(picture: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """The picture (H, W, C) at `size` (width, height), still in floats; enlarged smoothly, made smaller by means."""
    larger = picture.shape[1] < size[0] or picture.shape[0] < size[1]
    channels = np.moveaxis(picture, 2, 0)
    return np.stack([np.asarray(Image.fromarray(one).resize(size, _method(larger))) for one in channels], axis=2)


def opaque(picture: NDArray[np.floating], size: tuple[int, int], factor: int = 1) -> Image.Image:
    """The picture at `size` (width, height), each pixel then `factor` x `factor`; as RGB, over a checkerboard.

    A smaller picture is enlarged smoothly and a larger one averaged. Raises PictureError.
    """
    drawn = images.as_image(checked(picture))
    if drawn.size != size:
        drawn = drawn.resize(size, _method(drawn.width < size[0] or drawn.height < size[1]))
    if factor > 1:
        drawn = drawn.resize((size[0] * factor, size[1] * factor), Image.Resampling.NEAREST)
    if drawn.mode != "RGBA":
        return drawn.convert("RGB")
    rows, columns = np.ogrid[: drawn.height, : drawn.width]
    light = (rows // CHECKER + columns // CHECKER) % 2 == 0
    board = Image.fromarray(np.where(light, *GRAYS).astype(np.uint8)).convert("RGBA")
    return Image.alpha_composite(board, drawn).convert("RGB")


def _method(larger: bool) -> Image.Resampling:
    # Lanczos would ring around the edges of what is enlarged: a painting shows what the network said, no more.
    return Image.Resampling.BICUBIC if larger else Image.Resampling.LANCZOS
