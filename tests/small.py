"""A training that is small enough for any test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sfumato.recipe import Recipe
    from sfumato.training import PictureSnapshot, Trainer

SMALL: dict[str, Any] = {
    "model": {"depth": 2, "width": 16, "init": "gaussian(1)"},
    "training": {"batch": 16, "optimizer": "adam(lr=0.01)", "schedule": "constant"},
    "budget": {"epochs": 3},
    "evaluation": {"interval": "epoch"},
    "threads": 1,
    # The fused engine would be done before a test can observe anything.
    "engine": "autograd",
}
"""Changes of the default recipe."""


def picture(height: int = 9, width: int = 7) -> NDArray[np.float32]:
    """Return a picture (height, width, 3) of gradients and a checkerboard, in multiples of 1/255."""
    rows, columns = np.mgrid[0:height, 0:width]
    values = np.stack([rows / height, columns / width, (rows + columns) % 2], axis=-1)
    return np.round(values * 255).astype(np.float32) / np.float32(255)


def trainer(recipe: Recipe, target: NDArray[np.float32] | None = None, **options: Any) -> Trainer[PictureSnapshot]:
    """Return the trainer of a resolved recipe on a picture (H, W, C), by default `picture`."""
    # Imported here, because some tests use this module without training.
    from sfumato.training import PictureProblem, Trainer

    return Trainer(recipe, PictureProblem(recipe, picture() if target is None else target), **options)
