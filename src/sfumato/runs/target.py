"""Reading the picture that a run learns from its folder, without torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato import images
from sfumato.errors import PictureError, RunError
from sfumato.recipe import Recipe
from sfumato.runs import layout, run_json
from sfumato.runs.files import require_regular

_MAX_NPY_HEADER = 65536


def read(folder: Path, facts: Mapping[str, Any]) -> NDArray[np.float32]:
    """Read the picture as trained on, (H, W, C); ``facts`` is the result of `run_json.read_complete`.

    Raises RunError when the file does not hold that picture.
    """
    path = folder / layout.PICTURE
    expected = facts["picture"]
    shape = tuple(expected[side] for side in ("height", "width", "channels"))
    rule = f"{path} must be the picture of the run"
    try:
        # The size is checked before reading, since a header may declare more than memory holds.
        if not 0 <= require_regular(path).stat().st_size - math.prod(shape) * 4 <= _MAX_NPY_HEADER:
            raise ValueError("its size is wrong")
        with path.open("rb") as file:
            picture = np.lib.format.read_array(file, allow_pickle=False)
    # NumPy parses the header as Python, which may raise any kind of error.
    except Exception as error:
        reason = error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error)
        raise RunError(f"{rule}: {' '.join(reason.split())}. Restore the file.") from None
    if picture.shape != shape or picture.dtype != np.float32 or images.sha256(picture) != expected.get("sha256"):
        raise RunError(f"{rule}. Got one with another size or hash; restore the file.")
    return picture


def check_source(folder: Path, recipe: Recipe) -> None:
    """Raise PictureError unless the recipe's file still holds the picture that the run in ``folder`` learned."""
    learned = run_json.read(folder).get("picture")
    expected = learned.get("sha256") if isinstance(learned, Mapping) else None
    if expected is not None and images.sha256(images.load(recipe.picture)) != expected:
        raise PictureError(
            f"{recipe.picture.source} must hold the picture that {folder} learned. Got another: the file has changed. "
            "Restore it, or name it as the picture to learn what it holds now; the old one is "
            f"{folder / layout.PICTURE}."
        )
