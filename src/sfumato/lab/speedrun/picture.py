"""The picture of the speedrun: the Mona Lisa of 2012 and no other, from any file."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from sfumato import images
from sfumato.images import mona_lisa, source
from sfumato.images.refusal import picture_error
from sfumato.lab.speedrun.tracks import PICTURE
from sfumato.recipe import Recipe


def whole(recipe: Recipe, file: str | None) -> NDArray[np.float32]:
    """Return the picture (429, 300, 3) that paintings are compared with. Without ``file``, download the sample once.

    Raises PictureError where the file is no picture, or holds other values.
    """
    name = file or PICTURE
    full = images.load(recipe.picture.model_copy(update={"source": name, "size": None, "max_side": None}))
    # The file of 2012 is accepted although another decoder may round its values differently.
    if images.sha256(full) != mona_lisa.PIXELS_SHA256 and _digest(name) != mona_lisa.SHA256:
        height, width, _ = full.shape
        rule = f"{PICTURE}, 300x429, with the values of 2012"
        raise picture_error(name, rule, f"{width}x{height} with other values", "omit --picture to download it")
    return full


def trained_on(recipe: Recipe, file: str | None) -> NDArray[np.float32]:
    """Return the picture (H, W, 3) at the recipe's size, which may be smaller or larger than the whole."""
    return images.load(recipe.picture.model_copy(update={"source": file or PICTURE}))


def _digest(name: str) -> str:
    return hashlib.sha256(source.read(name)).hexdigest()
