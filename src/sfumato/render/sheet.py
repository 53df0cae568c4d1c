"""A whole frame of a film: the picture and, under it, the band that says when and how good."""

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
"""What stands under a part of the picture, and where its middle is, 0 left to 1 right."""


class Sheet:
    """Draws frames, all to one layout."""

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
        for caption, middle in captions if band.captions is not None else ():
            assert band.captions is not None, "asked above"
            self._write(caption, band.captions, layout.picture.left + middle * layout.picture.width, "ms", theme.QUIET)

    def draw(self, frame: Frame) -> Image.Image:
        """The frame as RGB, (width, height) of the layout. Raises PictureError if its painting cannot be drawn."""
        return self.with_band(self.picture(frame), frame)

    def picture(self, frame: Frame) -> Image.Image:
        """The frame's painting as it will be seen, RGB. Raises PictureError if it cannot be drawn."""
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
        """The whole frame: what `picture` gave, and what the frame says of it."""
        layout = self._layout
        sheet = self._blank.copy()
        box, band = layout.picture, layout.band
        # An odd side: its last pixels once more beyond it, which keeps the band's hue out of the picture.
        for down in range(box.height % 2, -1, -1):
            for right in range(box.width % 2, -1, -1):
                sheet.paste(picture, (box.left + right, box.top + down))
        if band is not None and self._strip is not None:
            sheet.paste(self._strip.draw(frame.epoch), (band.strip.left, band.strip.top))
            self._labels(sheet, band, frame)
        return sheet

    def _labels(self, sheet: Image.Image, band: Band, frame: Frame) -> None:
        draw = ImageDraw.Draw(sheet)
        baseline = band.labels.top + round((0.85 if not band.one_line else 1.1) * self._layout.text)
        self._words(draw, band.labels.left, baseline, labels.left(frame))
        words = labels.right(frame)
        # The unit stays where it is and the digits are all as wide: nothing jumps from frame to frame.
        self._words(draw, band.labels.right - self._width(words), baseline, words)

    def _write(self, text: str, box: Box, x: float, anchor: str, fill: theme.Color) -> None:
        baseline = box.top + round(0.85 * self._layout.text)
        font = theme.font(self._layout.text)
        ImageDraw.Draw(self._blank).text((x, baseline), text, fill=fill, font=font, anchor=anchor)

    def _words(self, draw: ImageDraw.ImageDraw, x: float, baseline: int, words: labels.Words) -> None:
        for text, bright in words:
            fill = theme.TEXT if bright else theme.QUIET
            draw.text((x, baseline), text, fill=fill, font=theme.font(self._layout.text), anchor="ls")
            x += theme.width(text, self._layout.text)

    def _width(self, words: labels.Words) -> float:
        return sum(theme.width(text, self._layout.text) for text, _ in words)
