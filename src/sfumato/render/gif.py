"""Writing films as GIF, for places where no other format is animated."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av.filter
from av.filter.context import FilterContext
from PIL import Image

from sfumato.render.encoder import Encoder


def write(path: Path, images: Iterable[Image.Image], size: tuple[int, int], fps: Fraction, hold: float) -> None:
    """Write RGB images of one size (width, height) as a film that loops forever.

    The last image is shown for `hold` seconds, at least one frame. Times are rounded to 1/100 s without drift.
    """
    delay = round(100 * max(hold, float(1 / fps)))
    with Encoder(
        path,
        size,
        fps,
        container="gif",
        codec="gif",
        pixel_format="pal8",
        link=_palettes,
        container_options={"loop": "0", "final_delay": str(delay)},
    ) as encoder:
        for time, image in enumerate(images):
            encoder.add(image, time)


def _palettes(graph: av.filter.Graph, source: FilterContext, sink: FilterContext) -> None:
    # Each image gets a palette of 256 colors: early paintings have few soft colors, in which one palette for the whole
    # film would leave bands. The ordered pattern of bayer does not move where the picture does not; error diffusion
    # flickers. diff_mode stays off: with changing palettes it leaves old indices under new colors (FFmpeg 8).
    split = graph.add("split")
    palette = graph.add("palettegen", "stats_mode=single:reserve_transparent=1")
    use = graph.add("paletteuse", "new=1:dither=bayer:bayer_scale=4")
    source.link_to(split)
    split.link_to(use, 0, 0)
    split.link_to(palette, 1, 0)
    palette.link_to(use, 0, 1)
    use.link_to(sink)
