"""Films as WebP: moving pictures that a page embeds like any other."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

from PIL import Image

from sfumato.render.encoder import Encoder, chain


def write(path: Path, images: Iterable[Image.Image], size: tuple[int, int], fps: Fraction, hold: float) -> None:
    """Write RGB images of one size (width, height) as a film that starts again for ever.

    The last image stays `hold` seconds, at least one frame. Images that look the same become one that stays longer.
    """
    with Encoder(
        path,
        size,
        fps,
        container="webp",
        codec="libwebp_anim",
        pixels="bgra",
        link=chain(("format", "bgra")),
        tick=Fraction(1, 1000),
        container_options={"loop": "0"},
        codec_options={"quality": "90", "compression_level": "4"},
    ) as encoder:
        count, last = 0, None
        for last in images:
            encoder.add(last, round(1000 * count / fps))
            count += 1
        if last is not None:
            end = 1000 * ((count - 1) / fps + max(Fraction(hold), 1 / fps))
            # libwebp takes the mean duration for the last image. So it comes once more (and is merged into the one
            # before), as much earlier as that mean is long.
            encoder.add(last, round(end * count / (count + 1)))
