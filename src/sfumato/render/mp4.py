"""Films as MP4: H.264 that every browser plays, in the colors of the PNG."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

from PIL import Image

from sfumato.render.encoder import Encoder, chain

BT709 = 1
"""The code of BT.709 for the matrix, the primaries and the transfer alike (ITU-T H.273)."""
LIMITED = 1
"""FFmpeg's code for luma in 16..235."""
TO_YUV = "in_range=full:out_range=limited:out_color_matrix=bt709:flags=bicubic+accurate_rnd+full_chroma_inp+bitexact"
"""Arguments of FFmpeg's scale filter, which converts by BT.601, and less exactly, unless it is told otherwise."""


def write(path: Path, images: Iterable[Image.Image], size: tuple[int, int], fps: Fraction, hold: float) -> None:
    """Write RGB images of one even size (width, height). The last one stays `hold` seconds, at least one frame."""
    with Encoder(
        path,
        size,
        fps,
        container="mp4",
        codec="libx264",
        pixels="yuv420p",
        link=chain(("scale", TO_YUV), ("format", "yuv420p")),
        # In front of all data, the index lets a browser start the film before it has loaded it.
        container_options={"movflags": "+faststart"},
        # No B frames: with them x264's lookahead (mbtree, in its AVX2 form) depends on what memory held before, and
        # the same film came out in several versions. They would save an eighth of the bytes.
        # x264's default, medium at 18, takes twice as long for 0.1 dB more, and with its lookahead of 40 frames begins
        # when a short film has ended.
        codec_options={"crf": "17", "preset": "faster", "rc-lookahead": "10", "bf": "0"},
    ) as encoder:
        context = encoder.context
        context.colorspace = context.color_primaries = context.color_trc = BT709
        context.color_range = LIMITED
        # A full image every two seconds, so that one can scrub through the film.
        context.gop_size = max(1, round(2 * fps))
        time, last = 0, None
        for last in images:
            encoder.add(last, time)
            time += 1
        if last is not None:
            # Repeated rather than given a long duration, which players are free to ignore; it costs a few bytes.
            for extra in range(round(hold * fps) - 1):
                encoder.add(last, time + extra)
