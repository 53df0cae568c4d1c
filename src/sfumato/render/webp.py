"""Writing films as WebP, which a web page embeds like any other image."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

from PIL import Image

from sfumato.render.encoder import Encoder, chain


def write(path: Path, images: Iterable[Image.Image], size: tuple[int, int], fps: Fraction, hold: float) -> None:
    """Write RGB images of one size (width, height) as a film that loops forever.

    The last image is shown for `hold` seconds, at least one frame. Equal consecutive images are merged into one.
    """
    with Encoder(
        path,
        size,
        fps,
        container="webp",
        codec="libwebp_anim",
        pixel_format="bgra",
        link=chain(("format", "bgra")),
        time_base=Fraction(1, 1000),
        container_options={"loop": "0"},
        codec_options={"quality": "90", "compression_level": "4"},
    ) as encoder:
        count, last = 0, None
        for last in images:
            encoder.add(last, round(1000 * count / fps))
            count += 1
        if last is not None:
            end = 1000 * ((count - 1) / fps + max(Fraction(hold), 1 / fps))
            # libwebp gives the last image the mean duration. So the image is added once more, which merges it with the
            # one before, earlier by that mean.
            encoder.add(last, round(end * count / (count + 1)))
