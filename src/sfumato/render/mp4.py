"""Writing films as MP4: H.264 that every browser plays, in the colors of the PNG."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

from PIL import Image

from sfumato.render.encoder import Encoder, chain

BT709 = 1
"""Code of BT.709 for the matrix, the primaries, and the transfer function (ITU-T H.273)."""
LIMITED = 1
"""FFmpeg's code for luma in 16..235."""
TO_YUV = "in_range=full:out_range=limited:out_color_matrix=bt709:flags=bicubic+accurate_rnd+full_chroma_inp+bitexact"
"""Arguments of FFmpeg's scale filter, which by default converts by BT.601, and less exactly."""


def write(path: Path, images: Iterable[Image.Image], size: tuple[int, int], fps: Fraction, hold: float) -> None:
    """Write RGB images of one even size (width, height). The last is shown for `hold` seconds, at least one frame."""
    with Encoder(
        path,
        size,
        fps,
        container="mp4",
        codec="libx264",
        pixel_format="yuv420p",
        link=chain(("scale", TO_YUV), ("format", "yuv420p")),
        # With the index in front of the data, a browser can start the film before it has loaded all of it.
        container_options={"movflags": "+faststart"},
        # No B frames: with them the AVX2 form of x264's lookahead (mbtree) depends on the previous content of memory,
        # so that the same film had different bytes. B frames would save an eighth of the bytes.
        # x264's default, medium at 18, takes twice as long for 0.1 dB more, and its lookahead of 40 frames is longer
        # than a short film.
        codec_options={"crf": "17", "preset": "faster", "rc-lookahead": "10", "bf": "0"},
    ) as encoder:
        context = encoder.context
        context.colorspace = context.color_primaries = context.color_trc = BT709
        context.color_range = LIMITED
        # A key frame every two seconds makes it possible to scrub through the film.
        context.gop_size = max(1, round(2 * fps))
        time, last = 0, None
        for last in images:
            encoder.add(last, time)
            time += 1
        if last is not None:
            # The last frame is repeated, since players may ignore a long duration; that costs a few bytes.
            for extra in range(round(hold * fps) - 1):
                encoder.add(last, time + extra)
