"""The picture that a run learns, read from its folder; without torch."""

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
from sfumato.runs import facts as run_facts
from sfumato.runs import layout
from sfumato.runs.regular import regular

_MOST_NPY_HEADER = 65536


def read(folder: Path, facts: Mapping[str, Any]) -> NDArray[np.float32]:
    """(H, W, C) as trained on; ``facts`` as `facts.whole` gave them. Raises RunError when the file is not that."""
    path = folder / layout.PICTURE
    about = facts["picture"]
    shape = tuple(about[side] for side in ("height", "width", "channels"))
    rule = f"{path} must be the picture of the run"
    try:
        # Looked at before it is read: a header may promise more than memory holds.
        if not 0 <= regular(path).stat().st_size - math.prod(shape) * 4 <= _MOST_NPY_HEADER:
            raise ValueError("it has not as many bytes as that")
        with path.open("rb") as file:
            picture = np.lib.format.read_array(file, allow_pickle=False)
    # NumPy reads the header as a piece of Python, with every kind of error that may have.
    except Exception as error:
        reason = error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error)
        raise RunError(f"{rule}: {' '.join(reason.split())}. Restore the file.") from None
    if picture.shape != shape or picture.dtype != np.float32 or images.sha256(picture) != about.get("sha256"):
        raise RunError(f"{rule}. Got one with another size or hash; restore the file.")
    return picture


def check_source(folder: Path, recipe: Recipe) -> None:
    """Raise PictureError unless the recipe's file still holds the picture that the run in ``folder`` learned."""
    learned = run_facts.read(folder).get("picture")
    wanted = learned.get("sha256") if isinstance(learned, Mapping) else None
    if wanted is not None and images.sha256(images.load(recipe.picture)) != wanted:
        raise PictureError(
            f"{recipe.picture.source} must hold the picture that {folder} learned. Got another: the file has changed. "
            "Restore it, or name it as the picture to learn what it holds now; the old one is "
            f"{folder / layout.PICTURE}."
        )
