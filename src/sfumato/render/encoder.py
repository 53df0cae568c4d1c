"""Encoding of films as MP4, GIF and WebP, one image at a time, by FFmpeg."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import av.filter
from av.codec.context import ThreadType
from av.filter.context import FilterContext
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

Link = Callable[[av.filter.Graph, FilterContext, FilterContext], None]
"""A function that links filters between a source and a sink of a graph."""

BT709 = 1
"""Code of BT.709 for the matrix, the primaries, and the transfer function (ITU-T H.273)."""
LIMITED = 1
"""FFmpeg's code for luma in 16..235."""
TO_YUV = "in_range=full:out_range=limited:out_color_matrix=bt709:flags=bicubic+accurate_rnd+full_chroma_inp+bitexact"
"""Arguments of FFmpeg's scale filter, which by default converts by BT.601, and less exactly."""


def chain(*filters: tuple[str, str]) -> Link:
    """Return a `Link` that applies filters in order, each given as (name, arguments)."""

    def link(graph: av.filter.Graph, source: FilterContext, sink: FilterContext) -> None:
        graph.link_nodes(source, *(graph.add(name, arguments) for name, arguments in filters), sink)

    return link


class Encoder:
    """A context manager that writes RGB images to a film file. The same images give the same bytes."""

    def __init__(
        self,
        path: Path,
        size: tuple[int, int],
        frame_rate: Fraction,
        *,
        container: str,
        codec: str,
        pixel_format: str,
        link: Link,
        time_base: Fraction | None = None,
        container_options: Mapping[str, str] | None = None,
        codec_options: Mapping[str, str] | None = None,
    ) -> None:
        """Open `path`, whatever its suffix, for images of `size` (width, height) at `frame_rate` images per second.

        pixel_format: FFmpeg's name of the pixel format that `link` delivers. time_base: the unit of time in seconds;
        1 / frame_rate if not given.
        """
        self._time_base = time_base or 1 / frame_rate
        # The path is absolute, so that a name like "a:b.mp4" is not taken for a protocol. bitexact leaves out date and
        # version.
        options = {"fflags": "+bitexact", **(container_options or {})}
        self._out = av.open(str(path.absolute()), "w", format=container, options=options)
        stream = self._out.add_stream(codec, rate=frame_rate)
        assert isinstance(stream, VideoStream)
        self._stream = stream
        stream.width, stream.height = size
        stream.pix_fmt = pixel_format
        stream.options = dict(codec_options or {})
        self.context.time_base = self._time_base
        # The decisions of an encoder, and so its bytes, may depend on the number of threads.
        self.context.thread_count = 1
        self.context.thread_type = ThreadType.NONE
        self._graph = av.filter.Graph()
        source = self._graph.add_buffer(
            width=size[0], height=size[1], format=av.VideoFormat("rgb24"), time_base=self._time_base
        )
        link(self._graph, source, self._graph.add("buffersink"))
        self._graph.configure()

    @property
    def context(self) -> VideoCodecContext:
        """The codec's context, which may be configured further before the first image."""
        return self._stream.codec_context

    def add(self, image: Image.Image, time: int) -> None:
        """Append an image that is shown from `time` on, in units of the time base."""
        frame = VideoFrame.from_image(image)
        frame.pts, frame.time_base = time, self._time_base
        self._graph.vpush(frame)
        self._drain()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._graph.vpush(None)
                self._drain()
                self._out.mux(self._stream.encode(None))
        finally:
            self._out.close()

    def _drain(self) -> None:
        while True:
            try:
                frame = self._graph.vpull()
            except (BlockingIOError, EOFError):
                return
            self._out.mux(self._stream.encode(frame))


def write_mp4(path: Path, images: Iterable[Image.Image], size: tuple[int, int], fps: Fraction, hold: float) -> None:
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


def write_gif(path: Path, images: Iterable[Image.Image], size: tuple[int, int], fps: Fraction, hold: float) -> None:
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


def write_webp(path: Path, images: Iterable[Image.Image], size: tuple[int, int], fps: Fraction, hold: float) -> None:
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
