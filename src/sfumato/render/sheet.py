"""Drawing whole frames of a film: the picture and, under it, the band with labels and a small loss curve."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageOps

from sfumato.render import theme
from sfumato.render.frame import Frame
from sfumato.render.layout import Band, Box, Layout
from sfumato.render.pixels import opaque
from sfumato.render.text import one_line

Spans = tuple[tuple[str, bool], ...]
"""(text, emphasized) pairs, left to right."""

SUPERSAMPLING = 4
"""Factor by which lines are drawn larger and then averaged, since Pillow draws them without antialiasing."""


def epoch_text(epoch: float) -> str:
    """Format an epoch with about three digits: 0.03, 1.25, 12.4, 500; whole epochs have no decimals."""
    if epoch == round(epoch):
        return f"{epoch:.0f}"
    if epoch >= 99.95:
        return f"{epoch:.0f}"
    if epoch >= 9.995:
        return f"{epoch:.1f}"
    if epoch >= 0.01:
        return f"{epoch:.2f}"
    return f"{epoch:.4f}"


def epoch_spans(frame: Frame) -> Spans:
    """Return the label of the frame's epoch."""
    return (("epoch ", False), (epoch_text(frame.epoch), True))


def score_spans(frame: Frame) -> Spans:
    """Return the label of the painting's PSNR, or of the loss where the PSNR was not measured."""
    if frame.psnr is None or math.isnan(frame.psnr):
        return (("loss ", False), (f"{frame.loss:.3g}", True))
    if math.isinf(frame.psnr):
        return (("exact", True),)
    return ((f"{frame.psnr:.2f}", True), (" dB", False))


AREA_ALPHA = [round(0.34 * alpha) for alpha in range(256)]
"""Opacity of the accent color under the line, by the height above the strip's bottom, both in 0..255."""


class Strip:
    """A drawer of the loss (logarithmic) by epoch (linear), highlighted up to the current epoch."""

    def __init__(self, size: tuple[int, int], text: int, curve: Sequence[tuple[float, float]]) -> None:
        """Draw the parts that all frames share.

        size: (width, height) in pixels. text: the film's font size, to which line widths are proportional. curve:
        (epoch, loss); points that a logarithmic axis cannot show (nan, infinite, not positive) are skipped.
        """
        self._size = size
        self._radius = 0.3 * text
        thickness = max(1.6, 0.11 * text)
        self._epochs, logs = _finite_points(curve)
        # The axis starts at 0, so that a run whose first seconds were not measured still starts at the left edge.
        self._first = min(0.0, self._epochs[0]) if self._epochs.size else 0.0
        self._last = self._epochs[-1] if self._epochs.size else 0.0
        edge = self._radius + 1
        self._left, self._right = edge, size[0] - 1 - edge
        span = logs.max() - logs.min() if logs.size else 0.0
        fraction = (logs.max() - logs) / span if span > 0 else np.full(logs.shape, 0.5)
        self._rows = edge + fraction * (size[1] - 1 - 2 * edge)

        columns, rows = _thin(self._column(self._epochs), self._rows)
        line, area = _masks(size, columns, rows, thickness)
        background = Image.new("RGB", size, theme.BACKGROUND)
        self._ahead = Image.composite(Image.new("RGB", size, theme.FAINT), background, line)
        accent = Image.new("RGB", size, theme.ACCENT)
        gradient = ImageOps.invert(Image.linear_gradient("L").resize(size)).point(AREA_ALPHA)
        self._passed = Image.composite(accent, background, ImageChops.multiply(area, gradient))
        self._passed.paste(accent, mask=line)

    def draw(self, epoch: float) -> Image.Image:
        """Draw the strip at `epoch` as an RGB image of the given size."""
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
        fraction = np.clip((epochs - self._first) / span, 0, 1) if span > 0 else np.full(epochs.shape, 1.0)
        return self._left + fraction * (self._right - self._left)


def _finite_points(curve: Sequence[tuple[float, float]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    points = np.array([(e, v) for e, v in curve if math.isfinite(e) and math.isfinite(v) and v > 0], np.float64)
    points = points.reshape(-1, 2)
    points = points[np.argsort(points[:, 0], kind="stable")]
    return points[:, 0], np.log(points[:, 1])


def _thin(columns: NDArray[np.float64], rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if not columns.size:
        return columns, rows
    # Replacing the points of each half pixel by their mean keeps the line thin, however many points a long run has.
    _, group = np.unique(np.floor(2 * columns), return_inverse=True)
    count = np.bincount(group)
    return np.bincount(group, columns) / count, np.bincount(group, rows) / count


def _masks(
    size: tuple[int, int], columns: NDArray[np.float64], rows: NDArray[np.float64], thickness: float
) -> tuple[Image.Image, Image.Image]:
    """Return the masks of the line and of the area under it, mode L."""
    large = (size[0] * SUPERSAMPLING, size[1] * SUPERSAMPLING)
    line, area = Image.new("L", large), Image.new("L", large)
    if columns.size > 1:
        points = [(float(x), float(y)) for x, y in (np.column_stack((columns, rows)) + 0.5) * SUPERSAMPLING]
        ImageDraw.Draw(line).line(points, fill=255, width=round(thickness * SUPERSAMPLING), joint="curve")
        ImageDraw.Draw(area).polygon([(points[0][0], large[1]), *points, (points[-1][0], large[1])], fill=255)
    return line.reduce(SUPERSAMPLING), area.reduce(SUPERSAMPLING)


def _dot(drawn: Image.Image, column: float, row: float, radius: float) -> None:
    # Only a small square around the dot is supersampled, so that it can move by less than a pixel per frame.
    reach = math.ceil(radius) + 2
    left, top = round(column) - reach, round(row) - reach
    side = (2 * reach + 1) * SUPERSAMPLING
    x, y = (column + 0.5 - left) * SUPERSAMPLING, (row + 0.5 - top) * SUPERSAMPLING
    for scale, color in ((1.35, theme.BACKGROUND), (0.85, theme.ACCENT)):
        mask = Image.new("L", (side, side))
        r = radius * scale * SUPERSAMPLING
        ImageDraw.Draw(mask).ellipse((x - r, y - r, x + r, y + r), fill=255)
        drawn.paste(color, (left, top), mask.reduce(SUPERSAMPLING))


Caption = tuple[str, float]
"""A text under a part of the picture, and the position of its center, 0 (left) to 1 (right)."""


class Sheet:
    """A drawer of frames, all with one layout."""

    def __init__(
        self,
        layout: Layout,
        curve: Sequence[tuple[float, float]],
        title: str = "",
        captions: Sequence[Caption] = (),
    ) -> None:
        self._layout = layout
        self._blank = Image.new("RGB", (layout.width, layout.height), theme.BACKGROUND)
        self._strip: Strip | None = None
        band = layout.band
        if band is None:
            return
        self._strip = Strip((band.strip.width, band.strip.height), layout.text, curve)
        if band.title is not None:
            text = theme.shortened(one_line(title), layout.text, band.title.width)
            self._write(text, band.title, band.title.left, "ls", theme.TEXT)
        for caption, center in captions if band.captions is not None else ():
            assert band.captions is not None, "checked above"
            self._write(
                caption, band.captions, layout.picture.left + center * layout.picture.width, "ms", theme.SECONDARY
            )

    def draw(self, frame: Frame) -> Image.Image:
        """Draw the frame as RGB at the layout's size. Raises PictureError if its painting cannot be drawn."""
        return self.with_band(self.picture(frame), frame)

    def picture(self, frame: Frame) -> Image.Image:
        """Draw the frame's painting as RGB, scaled and cropped. Raises PictureError if it cannot be drawn."""
        layout = self._layout
        drawn = opaque(frame.painting, layout.base, layout.factor)
        box = layout.picture
        left, top = (drawn.width - box.width) // 2, (drawn.height - box.height) // 2
        return (
            drawn
            if drawn.size == (box.width, box.height)
            else drawn.crop((left, top, left + box.width, top + box.height))
        )

    def with_band(self, picture: Image.Image, frame: Frame) -> Image.Image:
        """Draw the whole frame, from the result of `picture` and the labels of the frame."""
        layout = self._layout
        sheet = self._blank.copy()
        box, band = layout.picture, layout.band
        # Along an odd side the last pixels are repeated once, which keeps the band's chroma out of the picture.
        for offset_y in range(box.height % 2, -1, -1):
            for offset_x in range(box.width % 2, -1, -1):
                sheet.paste(picture, (box.left + offset_x, box.top + offset_y))
        if band is not None and self._strip is not None:
            sheet.paste(self._strip.draw(frame.epoch), (band.strip.left, band.strip.top))
            self._labels(sheet, band, frame)
        return sheet

    def _labels(self, sheet: Image.Image, band: Band, frame: Frame) -> None:
        draw = ImageDraw.Draw(sheet)
        baseline = band.labels.top + round((0.85 if not band.one_line else 1.1) * self._layout.text)
        self._write_spans(draw, band.labels.left, baseline, epoch_spans(frame))
        spans = score_spans(frame)
        # The label is right-aligned and all digits have one width, so that nothing jumps from frame to frame.
        self._write_spans(draw, band.labels.right - self._width(spans), baseline, spans)

    def _write(self, text: str, box: Box, x: float, anchor: str, fill: theme.Color) -> None:
        baseline = box.top + round(0.85 * self._layout.text)
        font = theme.font(self._layout.text)
        ImageDraw.Draw(self._blank).text((x, baseline), text, fill=fill, font=font, anchor=anchor)

    def _write_spans(self, draw: ImageDraw.ImageDraw, x: float, baseline: int, spans: Spans) -> None:
        for text, emphasized in spans:
            fill = theme.TEXT if emphasized else theme.SECONDARY
            draw.text((x, baseline), text, fill=fill, font=theme.font(self._layout.text), anchor="ls")
            x += theme.width(text, self._layout.text)

    def _width(self, spans: Spans) -> float:
        return sum(theme.width(text, self._layout.text) for text, _ in spans)
