"""The units of a hidden layer as small pictures on one sheet."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from sfumato.render.neurons import Layer
from sfumato.render.theme import BACKGROUND
from sfumato.render.zoom import Size

GAP = 2
"""Pixels between two units and around all."""
LONGEST = 1920
"""A sheet fits a screen."""
SMALLEST, LARGEST = 16, 240
"""Pixels of a unit's longer side, whatever the sheet then becomes."""

ZERO = (44, 46, 52)
ABOVE = ((246, 190, 92), (255, 246, 226))
BELOW = ((70, 128, 236), (216, 232, 255))
"""Half way, and at a unit's largest answer."""
DEAD, CROSS = (30, 31, 35), (92, 95, 102)


@dataclass(frozen=True)
class Plan:
    """Where the units go."""

    columns: int
    rows: int
    cell: Size
    """(rows, columns) of a unit's picture, in pixels."""

    @property
    def size(self) -> Size:
        """(rows, columns) of the sheet, in pixels."""
        return self.rows * (self.cell[0] + GAP) + GAP, self.columns * (self.cell[1] + GAP) + GAP


def plan(count: int, shape: tuple[float, float], cell: Size | None = None) -> Plan:
    """A sheet a third wider than high for `count` units of a `shape` (height, width), each `cell` if given."""
    aspect = shape[1] / shape[0] if cell is None else cell[1] / cell[0]
    columns = min(count, max(1, round(math.sqrt(count * 4 / 3 / aspect))))
    rows = -(-count // columns)
    if cell is None:
        width = min((LONGEST - GAP) / columns - GAP, ((LONGEST - GAP) / rows - GAP) * aspect)
        longer = min(max(width, width / aspect, SMALLEST), LARGEST)
        width = longer * min(1.0, aspect)
        cell = (max(2, int(width / aspect)), max(2, int(width)))
    return Plan(columns, rows, cell)


@dataclass(frozen=True)
class Scale:
    """How answers become colors: the same for every picture of a film, so that nothing jumps."""

    order: NDArray[np.intp]
    low: NDArray[np.float32]
    """(units,): the answer that is drawn dark."""
    reach: NDArray[np.float32]
    """(units,): how far from it an answer is lightest; 0 for a unit that is dead or the same everywhere, which gets its
    own in each picture."""

    @staticmethod
    def of(layer: Layer) -> Scale:
        """Of a layer that answers below 0, around 0; else each unit from its least answer to its largest."""
        peaks = np.abs(layer.answers).max(axis=(1, 2))
        low, reach = np.zeros_like(peaks), peaks
        if layer.answers.min() >= 0:
            low = layer.answers.min(axis=(1, 2))
            reach = peaks - low
        return Scale(layer.order, low, np.where(layer.dead, 0, reach))


def draw(layer: Layer, scale: Scale, plan: Plan) -> NDArray[np.uint8]:
    """The sheet, (rows, columns, 3): amber above zero, blue below it, dead units crossed out."""
    own = Scale.of(layer)
    unknown = scale.reach == 0
    low = np.where(unknown, own.low, scale.low)[:, np.newaxis, np.newaxis]
    reach = np.where(unknown, own.reach, scale.reach)[:, np.newaxis, np.newaxis]
    height, width = plan.cell
    sheet = np.empty((*plan.size, 3), np.uint8)
    sheet[:] = BACKGROUND
    cross = _cross(plan.cell)
    dead = layer.dead
    for place, unit in enumerate(scale.order):
        top = GAP + place // plan.columns * (height + GAP)
        left = GAP + place % plan.columns * (width + GAP)
        # A unit that is the same everywhere has no reach to divide by, and is dark.
        answers = np.nan_to_num((layer.answers[unit] - low[unit]) / (reach[unit] or np.float32(1)))
        sheet[top : top + height, left : left + width] = cross if dead[unit] else colors(answers)
    return sheet


def colors(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """(...) values in [-1, 1] -> (..., 3): blue, dark at 0, amber; clipped beyond."""
    stops = np.array([BELOW[1], BELOW[0], ZERO, ABOVE[0], ABOVE[1]], np.float64)
    places = np.array([-1.0, -0.6, 0.0, 0.6, 1.0])
    return np.stack([np.rint(np.interp(values, places, stops[:, hue])) for hue in range(3)], axis=-1).astype(np.uint8)


def _cross(cell: Size) -> NDArray[np.uint8]:
    finer = 4
    size = (cell[1] * finer, cell[0] * finer)
    image = Image.new("RGB", size, DEAD)
    drawing = ImageDraw.Draw(image)
    width = max(2 * finer, round(0.012 * max(size)))
    drawing.line((0, 0, *size), fill=CROSS, width=width)
    drawing.line((0, size[1], size[0], 0), fill=CROSS, width=width)
    return np.asarray(image.reduce(finer))
