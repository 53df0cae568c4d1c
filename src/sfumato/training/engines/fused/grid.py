"""Grids of trained features in the fused engine, equal to those of `sfumato.models.encodings.grid`.

Level by level for all samples of a tile, so that the rows of a level that these need stay in the nearest cache.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from sfumato.models.encodings.grid import PRIME, FeatureGrid
from sfumato.recipe.choices.encodings import COORDINATES
from sfumato.training.engines.fused.encoder import PAGE, CompiledEncoding

_SHARED, _PER_LEVEL = 5, 4


def constants_of(module: FeatureGrid) -> tuple[float, ...]:
    """Return features per row, smoothness, first end, number of levels, number of included inputs; then cells, scale,
    first row, mask of each level."""
    low, high = module.ends
    included = COORDINATES if module.include_inputs else 0
    found: list[float] = [module.table.shape[1], module.smooth, low, len(module.levels), included]
    for level in module.levels:
        mask = level.rows - 1 if level.hashed else 0
        found += [level.resolution, level.resolution / (high - low), level.offset, mask]
    return tuple(map(float, found))


@njit(nogil=True, inline="always", error_model="numpy")
def _place(coordinate, low, scale, cells, smooth):
    """Return the cell of a coordinate, and the weight of the cell's far side."""
    position = min(max((coordinate - low) * scale, np.float32(0)), np.float32(cells))
    cell = min(int(position), cells - 1)
    weight = position - np.float32(cell)
    if smooth:
        weight = weight * weight * (np.float32(3) - np.float32(2) * weight)
    return cell, weight


@njit(nogil=True, inline="always", error_model="numpy")
def _corners(row, column, cells, first, mask):
    """Return the table's rows of the corners above left, above right, below left, below right."""
    if mask == 0:
        above = first + row * (cells + 1) + column
        below = above + cells + 1
        return above, above + 1, below, below + 1
    above, below = row * PRIME, (row + 1) * PRIME
    right = column + 1
    return (
        first + ((above ^ column) & mask),
        first + ((above ^ right) & mask),
        first + ((below ^ column) & mask),
        first + ((below ^ right) & mask),
    )


@njit(nogil=True, inline="always", error_model="numpy")
def _interpolate_level(coordinates, features, parameters, constants, level, count):
    smooth, low, one = constants[1] != 0, np.float32(constants[2]), np.float32(1)
    k = _SHARED + _PER_LEVEL * level
    cells, scale = int(constants[k]), np.float32(constants[k + 1])
    first, mask = int(constants[k + 2]), int(constants[k + 3])
    column = int(constants[4]) + level * count
    for s in range(len(coordinates)):
        r, v = _place(coordinates[s, 0], low, scale, cells, smooth)
        c, u = _place(coordinates[s, 1], low, scale, cells, smooth)
        a, b, d, e = _corners(r, c, cells, first, mask)
        wa, wb, wd, we = (one - v) * (one - u), (one - v) * u, v * (one - u), v * u
        a, b, d, e = a * count, b * count, d * count, e * count
        for f in range(count):
            features[s, column + f] = (
                wa * parameters[a + f] + wb * parameters[b + f] + wd * parameters[d + f] + we * parameters[e + f]
            )


@njit(nogil=True, inline="always", error_model="numpy")
def _scatter_level(coordinates, feature_grads, gradients, touched, constants, level, count):
    smooth, low, one, mark = constants[1] != 0, np.float32(constants[2]), np.float32(1), np.uint8(1)
    k = _SHARED + _PER_LEVEL * level
    cells, scale = int(constants[k]), np.float32(constants[k + 1])
    first, mask = int(constants[k + 2]), int(constants[k + 3])
    column = int(constants[4]) + level * count
    for s in range(len(coordinates)):
        r, v = _place(coordinates[s, 0], low, scale, cells, smooth)
        c, u = _place(coordinates[s, 1], low, scale, cells, smooth)
        a, b, d, e = _corners(r, c, cells, first, mask)
        wa, wb, wd, we = (one - v) * (one - u), (one - v) * u, v * (one - u), v * u
        a, b, d, e = a * count, b * count, d * count, e * count
        for f in range(count):
            grad = feature_grads[s, column + f]
            gradients[a + f] += wa * grad
            gradients[b + f] += wb * grad
            gradients[d + f] += wd * grad
            gradients[e + f] += we * grad
        # A row is within a page, because its length divides that of a page.
        touched[a // PAGE] = mark
        touched[b // PAGE] = mark
        touched[d // PAGE] = mark
        touched[e // PAGE] = mark


def interpolate(coordinates: Any, features: Any, parameters: Any, constants: Any) -> None:
    """Compute the features of all levels, after the included inputs."""
    count, levels = int(constants[0]), int(constants[3])
    for s in range(len(coordinates)):
        for i in range(int(constants[4])):
            features[s, i] = coordinates[s, i]
    for level in range(levels):
        # With the number of features as a constant their loop is unrolled.
        if count == 2:
            _interpolate_level(coordinates, features, parameters, constants, level, 2)
        elif count == 4:
            _interpolate_level(coordinates, features, parameters, constants, level, 4)
        else:
            _interpolate_level(coordinates, features, parameters, constants, level, count)


def scatter(
    coordinates: Any, feature_grads: Any, parameters: Any, gradients: Any, touched: Any, constants: Any
) -> None:
    """Add the derivatives by the corners' features, and mark the pages where these are."""
    count, levels = int(constants[0]), int(constants[3])
    for level in range(levels):
        if count == 2:
            _scatter_level(coordinates, feature_grads, gradients, touched, constants, level, 2)
        elif count == 4:
            _scatter_level(coordinates, feature_grads, gradients, touched, constants, level, 4)
        else:
            _scatter_level(coordinates, feature_grads, gradients, touched, constants, level, count)


GRID = CompiledEncoding(interpolate, scatter, constants_of)
