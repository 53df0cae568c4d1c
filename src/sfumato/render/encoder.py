"""Pictures into a film file, one at a time: FFmpeg's filters, codec and container in a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
"""Puts the filters between the source and the sink that it is given."""


def chain(*filters: tuple[str, str]) -> Link:
    """Filters in a row, each (name, arguments)."""

    def link(graph: av.filter.Graph, source: FilterContext, sink: FilterContext) -> None:
        graph.link_nodes(source, *(graph.add(name, arguments) for name, arguments in filters), sink)

    return link


class Encoder:
    """Writes RGB images to a file; a context manager. The same images give the same bytes."""

    def __init__(
        self,
        path: Path,
        size: tuple[int, int],
        rate: Fraction,
        *,
        container: str,
        codec: str,
        pixels: str,
        link: Link,
        tick: Fraction | None = None,
        container_options: Mapping[str, str] | None = None,
        codec_options: Mapping[str, str] | None = None,
    ) -> None:
        """Open `path`, whatever its suffix, for images of `size` (width, height) at `rate` images a second.

        pixels: FFmpeg's name of the pixel format that `link` delivers. tick: seconds, the unit of time; 1 / rate
        if not given.
        """
        self._tick = tick or 1 / rate
        # Absolute, so that a name like "a:b.mp4" is not taken for a protocol; bitexact, for neither date nor version.
        options = {"fflags": "+bitexact", **(container_options or {})}
        self._out = av.open(str(path.absolute()), "w", format=container, options=options)
        stream = self._out.add_stream(codec, rate=rate)
        assert isinstance(stream, VideoStream)
        self._stream = stream
        stream.width, stream.height = size
        stream.pix_fmt = pixels
        stream.options = dict(codec_options or {})
        self.context.time_base = self._tick
        # What an encoder decides, and so its bytes, may depend on how many threads it has.
        self.context.thread_count = 1
        self.context.thread_type = ThreadType.NONE
        self._graph = av.filter.Graph()
        source = self._graph.add_buffer(
            width=size[0], height=size[1], format=av.VideoFormat("rgb24"), time_base=self._tick
        )
        link(self._graph, source, self._graph.add("buffersink"))
        self._graph.configure()

    @property
    def context(self) -> VideoCodecContext:
        """The codec, to be set up further before the first image."""
        return self._stream.codec_context

    def add(self, image: Image.Image, time: int) -> None:
        """Show the image from `time` on, in ticks."""
        frame = VideoFrame.from_image(image)
        frame.pts, frame.time_base = time, self._tick
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
