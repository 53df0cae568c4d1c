"""The film of a run: how the painting came about."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Literal, get_args

from PIL import Image

from sfumato.errors import PictureError
from sfumato.render.frame import Frame, between
from sfumato.render.layout import plan, plan_within
from sfumato.render.pace import MOST_FPS
from sfumato.render.sheet import Caption, Sheet
from sfumato.render.text import one_line

FilmFormat = Literal["mp4", "gif", "webp"]


def write_film(
    path: Path,
    frames: Iterable[Frame],
    *,
    size: tuple[int, int],
    format: FilmFormat,
    fps: float = 12,
    curve: Sequence[tuple[float, float]] = (),
    title: str = "",
    hold: float = 1.5,
    places: Sequence[float] | None = None,
    film: tuple[int, int] | None = None,
    crop: bool = False,
    captions: Sequence[Caption] = (),
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write a film to `path`, whatever its suffix. The same arguments give the same bytes.

    The picture is on top; under it a band says the epoch and the PSNR (the loss, for a frame without one) and draws
    the loss of the whole run, accented up to the frame's epoch.

    frames: in order, taken one at a time; each painting is resampled to `size`.
    size: (width, height) of the picture. It is enlarged by a whole factor until its longer side has 320 pixels, and
        made smaller if that has more than 4096.
    film: (width, height) of the whole film, even for mp4; then `size` tells the picture's shape alone, which fits into
        what the band leaves, or with `crop` fills it.
    format: mp4 (H.264, BT.709), gif or webp; the last two start again for ever.
    fps: frames a second, above 0 and at most 120 (gif: 50, webp: 90).
    places: of each picture of the film among the frames, ascending from 0: 2.25 is frame 2 into which frame 3 is
        blended, a quarter. None: each frame once.
    captions: texts under the picture, and where their middles are in it, 0 to 1.
    curve: (epoch, loss) points of the whole run; those that are not finite, or not positive, are skipped.
    title: one line, shortened where it does not fit; none if empty.
    hold: seconds that the last frame stays, at least 1 / fps.
    progress: called after each frame with the number of frames drawn.

    Raises PictureError if there is no frame, or a painting or size cannot be drawn; ValueError for the other
    parameters; OSError if the file cannot be written. What is at `path` after an error is not a film.
    """
    if format not in get_args(FilmFormat):
        raise ValueError(f"The format of a film must be one of {', '.join(get_args(FilmFormat))}. Got {format!r}.")
    most = MOST_FPS[format]
    if not 0 < fps <= most:
        raise ValueError(f"The fps of a film ({format}) must be above 0 and at most {most}. Got {fps}.")
    if not (hold >= 0 and math.isfinite(hold)):
        raise ValueError(f"The hold of a film must be a number of seconds, 0 or more. Got {hold}.")

    titled, captioned = bool(one_line(title)), bool(captions)
    if film is None:
        layout = plan(size, title=titled, captions=captioned)
    else:
        layout = plan_within(film, size, crop=crop, title=titled, captions=captioned)
    if format == "mp4" and (layout.width % 2 or layout.height % 2):
        raise ValueError(f"The size of a film (mp4) must be even. Got {layout.width} x {layout.height}.")
    drawn = _drawn(frames, Sheet(layout, curve, title, captions), places, progress)
    first = next(drawn, None)
    if first is None:
        raise PictureError("A film must have at least one frame. Got none.")
    # Made first by Python, whose error names the path; FFmpeg's does not.
    path.write_bytes(b"")
    if format == "mp4":
        from sfumato.render.mp4 import write
    elif format == "gif":
        from sfumato.render.gif import write
    else:
        from sfumato.render.webp import write
    images = itertools.chain([first], drawn)
    write(path, images, (layout.width, layout.height), Fraction(fps).limit_denominator(1001), hold)


def _drawn(
    frames: Iterable[Frame], sheet: Sheet, places: Sequence[float] | None, progress: Callable[[int], None] | None
) -> Iterator[Image.Image]:
    seen: list[tuple[Frame, Image.Image]] = []
    count = told = 0
    coming = iter(frames)
    for place in itertools.count() if places is None else places:
        while count <= math.ceil(place):
            frame = next(coming, None)
            if frame is None:
                return
            seen = [*seen[-1:], (frame, sheet.picture(frame))]
            count += 1
        if place >= count - 1:
            frame, picture = seen[-1]
            yield sheet.with_band(picture, frame)
        else:
            share = place - (count - 2)
            (before, one), (after, other) = seen
            yield sheet.with_band(Image.blend(one, other, share), between(before, after, share))
        if progress is not None and count > told:
            told = count
            progress(count)
