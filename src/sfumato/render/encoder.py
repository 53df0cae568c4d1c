"""Encoding images into a film file, one at a time, by FFmpeg's filters, codec, and container."""

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
"""A function that links filters between a source and a sink of a graph."""


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
