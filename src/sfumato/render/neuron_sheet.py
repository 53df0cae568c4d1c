"""Drawing the units of a hidden layer as small pictures on one sheet."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from sfumato.render.neurons import LayerOutputs
from sfumato.render.theme import BACKGROUND
from sfumato.render.zoom import Size

GAP = 2
"""Pixels between units and around all of them."""
MAX_SIDE = 1920
"""Largest side of a sheet, which fits a screen."""
MIN_CELL, MAX_CELL = 16, 240
"""Limits of the longer side of a unit's picture, in pixels; they take precedence over `MAX_SIDE`."""

ZERO = (44, 46, 52)
POSITIVE = ((246, 190, 92), (255, 246, 226))
NEGATIVE = ((70, 128, 236), (216, 232, 255))
"""Colors at 0.6 of a unit's largest absolute output, and at that output."""
DEAD, CROSS = (30, 31, 35), (92, 95, 102)


@dataclass(frozen=True)
class SheetLayout:
    """Numbers of columns and rows of a sheet, and the size of its cells."""

    columns: int
    rows: int
    cell: Size
    """(rows, columns) of a unit's picture, in pixels."""

    @property
    def size(self) -> Size:
        """(rows, columns) of the sheet, in pixels."""
        return self.rows * (self.cell[0] + GAP) + GAP, self.columns * (self.cell[1] + GAP) + GAP


def sheet_layout(count: int, shape: tuple[float, float], cell: Size | None = None) -> SheetLayout:
    """Lay out `count` units on a sheet a third wider than high.

    Each unit's picture has the aspect ratio of `shape` (height, width), or the size `cell` if given.
    """
    aspect = shape[1] / shape[0] if cell is None else cell[1] / cell[0]
    columns = min(count, max(1, round(math.sqrt(count * 4 / 3 / aspect))))
    rows = -(-count // columns)
    if cell is None:
        width = min((MAX_SIDE - GAP) / columns - GAP, ((MAX_SIDE - GAP) / rows - GAP) * aspect)
        longer = min(max(width, width / aspect, MIN_CELL), MAX_CELL)
        width = longer * min(1.0, aspect)
        cell = (max(2, int(width / aspect)), max(2, int(width)))
    return SheetLayout(columns, rows, cell)


@dataclass(frozen=True)
class Scale:
    """Map of unit outputs to colors, shared by all frames of a film, so that nothing jumps."""

    order: NDArray[np.intp]
    """(units,) numbers of the units in the order of their positions on the sheet."""
    low: NDArray[np.float32]
    """(units,): the output that is drawn dark."""
    extent: NDArray[np.float32]
    """(units,): distance from `low` of the outputs that are drawn lightest; 0 for a unit that is dead or constant,
    which is scaled anew in each picture."""

    @staticmethod
    def of(layer: LayerOutputs) -> Scale:
        """Return the scale of a layer.

        It is centered at 0 if the layer has negative outputs; else each unit's scale goes from its smallest output to
        its largest.
        """
        peaks = np.abs(layer.outputs).max(axis=(1, 2))
        low, extent = np.zeros_like(peaks), peaks
        if layer.outputs.min() >= 0:
            low = layer.outputs.min(axis=(1, 2))
            extent = peaks - low
        return Scale(layer.order, low, np.where(layer.dead, 0, extent))


def draw(layer: LayerOutputs, scale: Scale, layout: SheetLayout) -> NDArray[np.uint8]:
    """Draw the sheet, (rows, columns, 3): amber above zero, blue below it, dead units crossed out."""
    layer_scale = Scale.of(layer)
    unscaled = scale.extent == 0
    low = np.where(unscaled, layer_scale.low, scale.low)[:, np.newaxis, np.newaxis]
    extent = np.where(unscaled, layer_scale.extent, scale.extent)[:, np.newaxis, np.newaxis]
    height, width = layout.cell
    sheet = np.empty((*layout.size, 3), np.uint8)
    sheet[:] = BACKGROUND
    cross = _cross(layout.cell)
    dead = layer.dead
    for index, unit in enumerate(scale.order):
        top = GAP + index // layout.columns * (height + GAP)
        left = GAP + index % layout.columns * (width + GAP)
        # A constant unit has the extent 0, by which nothing can be divided; it is drawn dark.
        values = np.nan_to_num((layer.outputs[unit] - low[unit]) / (extent[unit] or np.float32(1)))
        sheet[top : top + height, left : left + width] = cross if dead[unit] else colors(values)
    return sheet


def colors(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Map values (...) in [-1, 1], clipped beyond, to colors (..., 3): blue below 0, dark at 0, amber above."""
    stops = np.array([NEGATIVE[1], NEGATIVE[0], ZERO, POSITIVE[0], POSITIVE[1]], np.float64)
    positions = np.array([-1.0, -0.6, 0.0, 0.6, 1.0])
    return np.stack([np.rint(np.interp(values, positions, stops[:, channel])) for channel in range(3)], axis=-1).astype(
        np.uint8
    )


def _cross(cell: Size) -> NDArray[np.uint8]:
    supersampling = 4
    size = (cell[1] * supersampling, cell[0] * supersampling)
    image = Image.new("RGB", size, DEAD)
    drawing = ImageDraw.Draw(image)
    width = max(2 * supersampling, round(0.012 * max(size)))
    drawing.line((0, 0, *size), fill=CROSS, width=width)
    drawing.line((0, size[1], size[0], 0), fill=CROSS, width=width)
    return np.asarray(image.reduce(supersampling))
