"""Drawing whole frames of a film: the picture and, under it, the band with its labels."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw

from sfumato.render import labels, theme
from sfumato.render.frame import Frame
from sfumato.render.layout import Band, Box, Layout
from sfumato.render.pixels import opaque
from sfumato.render.strip import Strip
from sfumato.render.text import one_line

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
        self._write_spans(draw, band.labels.left, baseline, labels.left(frame))
        spans = labels.right(frame)
        # The label is right-aligned and all digits have one width, so that nothing jumps from frame to frame.
        self._write_spans(draw, band.labels.right - self._width(spans), baseline, spans)

    def _write(self, text: str, box: Box, x: float, anchor: str, fill: theme.Color) -> None:
        baseline = box.top + round(0.85 * self._layout.text)
        font = theme.font(self._layout.text)
        ImageDraw.Draw(self._blank).text((x, baseline), text, fill=fill, font=font, anchor=anchor)

    def _write_spans(self, draw: ImageDraw.ImageDraw, x: float, baseline: int, spans: labels.Spans) -> None:
        for text, emphasized in spans:
            fill = theme.TEXT if emphasized else theme.SECONDARY
            draw.text((x, baseline), text, fill=fill, font=theme.font(self._layout.text), anchor="ls")
            x += theme.width(text, self._layout.text)

    def _width(self, spans: labels.Spans) -> float:
        return sum(theme.width(text, self._layout.text) for text, _ in spans)
