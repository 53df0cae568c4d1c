"""The small curve under a film's picture: the loss of the whole run, and how far it has come."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageOps

from sfumato.render import theme

FINER = 4
"""Lines are drawn this many times larger and then averaged: Pillow draws them without antialiasing."""
DIMMER = [round(0.34 * alpha) for alpha in range(256)]
"""How much of the accent is under the line, by the height above the strip's floor, both in 0..255."""


class Strip:
    """Draws the loss (logarithmic) over the epochs (linear), accented up to now."""

    def __init__(self, size: tuple[int, int], text: int, curve: Sequence[tuple[float, float]]) -> None:
        """Draw what is the same in all frames.

        size: (width, height) in pixels. text: the size of the film's type, which lines follow. curve: (epoch, loss);
        points that have no place on a logarithmic axis (nan, infinite, not positive) are skipped.
        """
        self._size = size
        self._radius = 0.3 * text
        thickness = max(1.6, 0.11 * text)
        self._epochs, logs = _usable(curve)
        # From 0, so that a run that starts with a few seconds unmeasured still starts at the left edge.
        self._first = min(0.0, self._epochs[0]) if self._epochs.size else 0.0
        self._last = self._epochs[-1] if self._epochs.size else 0.0
        edge = self._radius + 1
        self._low, self._high = edge, size[0] - 1 - edge
        span = logs.max() - logs.min() if logs.size else 0.0
        share = (logs.max() - logs) / span if span > 0 else np.full(logs.shape, 0.5)
        self._rows = edge + share * (size[1] - 1 - 2 * edge)

        columns, rows = _thinned(self._column(self._epochs), self._rows)
        line, area = _masks(size, columns, rows, thickness)
        plain = Image.new("RGB", size, theme.BACKGROUND)
        self._ahead = Image.composite(Image.new("RGB", size, theme.FAINT), plain, line)
        accent = Image.new("RGB", size, theme.ACCENT)
        fading = ImageOps.invert(Image.linear_gradient("L").resize(size)).point(DIMMER)
        self._passed = Image.composite(accent, plain, ImageChops.multiply(area, fading))
        self._passed.paste(accent, mask=line)

    def draw(self, epoch: float) -> Image.Image:
        """The strip as it is at `epoch`: an RGB image of the size given."""
        drawn = self._ahead.copy()
        if not self._epochs.size:
            return drawn
        column = float(self._column(np.array([epoch]))[0])
        row = float(np.interp(epoch, self._epochs, self._rows))
        drawn.paste(self._passed.crop((0, 0, round(column), self._size[1])))
        _dot(drawn, column, row, self._radius)
        return drawn

    def _column(self, epochs: NDArray[np.float64]) -> NDArray[np.float64]:
        span = self._last - self._first
        share = np.clip((epochs - self._first) / span, 0, 1) if span > 0 else np.full(epochs.shape, 1.0)
        return self._low + share * (self._high - self._low)


def _usable(curve: Sequence[tuple[float, float]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    points = np.array([(e, v) for e, v in curve if math.isfinite(e) and math.isfinite(v) and v > 0], np.float64)
    points = points.reshape(-1, 2)
    points = points[np.argsort(points[:, 0], kind="stable")]
    return points[:, 0], np.log(points[:, 1])


def _thinned(
    columns: NDArray[np.float64], rows: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if not columns.size:
        return columns, rows
    # One point in each half pixel, their mean, keeps the line thin however many points a long run has.
    _, group = np.unique(np.floor(2 * columns), return_inverse=True)
    count = np.bincount(group)
    return np.bincount(group, columns) / count, np.bincount(group, rows) / count


def _masks(
    size: tuple[int, int], columns: NDArray[np.float64], rows: NDArray[np.float64], thickness: float
) -> tuple[Image.Image, Image.Image]:
    """Of the line and of the area under it, mode L."""
    large = (size[0] * FINER, size[1] * FINER)
    line, area = Image.new("L", large), Image.new("L", large)
    if columns.size > 1:
        points = [(float(x), float(y)) for x, y in (np.column_stack((columns, rows)) + 0.5) * FINER]
        ImageDraw.Draw(line).line(points, fill=255, width=round(thickness * FINER), joint="curve")
        ImageDraw.Draw(area).polygon([(points[0][0], large[1]), *points, (points[-1][0], large[1])], fill=255)
    return line.reduce(FINER), area.reduce(FINER)


def _dot(drawn: Image.Image, column: float, row: float, radius: float) -> None:
    # Only a small square around it is drawn finer, in place, so that it moves by less than a pixel a frame.
    reach = math.ceil(radius) + 2
    left, top = round(column) - reach, round(row) - reach
    side = (2 * reach + 1) * FINER
    x, y = (column + 0.5 - left) * FINER, (row + 0.5 - top) * FINER
    for grown, color in ((1.35, theme.BACKGROUND), (0.85, theme.ACCENT)):
        mask = Image.new("L", (side, side))
        r = radius * grown * FINER
        ImageDraw.Draw(mask).ellipse((x - r, y - r, x + r, y + r), fill=255)
        drawn.paste(color, (left, top), mask.reduce(FINER))
