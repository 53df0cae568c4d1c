"""A whole frame of a film: the picture and, under it, the band that says when and how good."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw

from sfumato.render import labels, theme
from sfumato.render.frame import Frame
from sfumato.render.layout import Layout
from sfumato.render.pixels import opaque
from sfumato.render.strip import Strip
from sfumato.render.text import one_line


class Sheet:
    """Draws frames, all to one layout."""

    def __init__(self, layout: Layout, curve: Sequence[tuple[float, float]], title: str = "") -> None:
        self._layout = layout
        self._strip = Strip((layout.strip.width, layout.strip.height), layout.text, curve)
        self._blank = Image.new("RGB", (layout.width, layout.height), theme.BACKGROUND)
        box = layout.title
        if box is not None:
            text = theme.shortened(one_line(title), layout.text, box.width)
            baseline = box.top + round(0.85 * layout.text)
            ImageDraw.Draw(self._blank).text(
                (box.left, baseline), text, fill=theme.TEXT, font=theme.font(layout.text), anchor="ls"
            )

    def draw(self, frame: Frame) -> Image.Image:
        """The frame as RGB, (width, height) of the layout. Raises PictureError if its painting cannot be drawn."""
        layout = self._layout
        sheet = self._blank.copy()
        self._picture(sheet, frame)
        sheet.paste(self._strip.draw(frame.epoch), (layout.strip.left, layout.strip.top))
        draw = ImageDraw.Draw(sheet)
        baseline = layout.labels.top + round((0.85 if not layout.one_line else 1.1) * layout.text)
        self._words(draw, layout.labels.left, baseline, labels.left(frame))
        words = labels.right(frame)
        # The unit stays where it is and the digits are all as wide: nothing jumps from frame to frame.
        self._words(draw, layout.labels.right - self._width(words), baseline, words)
        return sheet

    def _picture(self, sheet: Image.Image, frame: Frame) -> None:
        layout = self._layout
        box = layout.picture
        drawn = opaque(frame.painting, layout.base, layout.factor)
        # An odd side: its last pixels once more beyond it, which keeps the band's hue out of the picture.
        for down in range(box.height % 2, -1, -1):
            for right in range(box.width % 2, -1, -1):
                sheet.paste(drawn, (box.left + right, box.top + down))

    def _words(self, draw: ImageDraw.ImageDraw, x: float, baseline: int, words: labels.Words) -> None:
        for text, bright in words:
            fill = theme.TEXT if bright else theme.QUIET
            draw.text((x, baseline), text, fill=fill, font=theme.font(self._layout.text), anchor="ls")
            x += theme.width(text, self._layout.text)

    def _width(self, words: labels.Words) -> float:
        return sum(theme.width(text, self._layout.text) for text, _ in words)
