from __future__ import annotations

import numpy as np
import pytest

from sfumato.recipe import Coordinates, Recipe
from sfumato.training.health.layer_probe import grid_indices, subsample


@pytest.mark.parametrize("size", [(2, 2), (64, 64), (300, 429), (2, 100000), (100000, 2), (3, 5000), (1000, 1001)])
@pytest.mark.parametrize("max_pixels", [1024, 4096])
def test_the_grid_reaches_from_border_to_border(size: tuple[int, int], max_pixels: int) -> None:
    rows, columns = grid_indices(*size, max_pixels)
    assert len(rows) * len(columns) <= max_pixels
    assert len(rows) * len(columns) >= min(size[0] * size[1], max_pixels // 2)
    for chosen, length in ((rows, size[0]), (columns, size[1])):
        assert (chosen[0], chosen[-1]) == (0, length - 1)
        assert (np.diff(chosen) >= 1).all()


def test_coordinates_and_colors_belong_together() -> None:
    rows, columns = np.mgrid[0:200, 0:100]
    picture = np.stack([rows / 199, columns / 99, rows * 0], axis=-1)
    recipe = Recipe(coordinates=Coordinates(range="unit", align_corners=True))
    coordinates, colors = subsample(recipe, picture, 500)
    assert len(coordinates) <= 500
    np.testing.assert_allclose(coordinates, colors[:, :2], atol=1e-12)
