"""Writing the film of a run from its frames, and its timing."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from PIL import Image

from sfumato.errors import PictureError
from sfumato.render.frame import Frame, interpolate
from sfumato.render.layout import plan, plan_within
from sfumato.render.sheet import Caption, Sheet
from sfumato.render.text import one_line

DEFAULT_FPS = {"mp4": 24.0, "webp": 20.0, "gif": 12.5}
"""Frames per second unless given. A GIF, which compresses no similarity between pictures, has fewer."""

MAX_FPS = {"mp4": 120, "webp": 90, "gif": 50}
"""Largest frame rates. A GIF counts in 1/100 s, and browsers show frames shorter than 11 ms for 100 ms."""

MIN_SECONDS = 4.0
"""Default length of a film with few moments."""

MOMENTS_PER_SECOND = (16.0, 24.0)
"""Rates of a film with few moments, and of one with many."""

HOLD_SECONDS, MAX_HOLD_SHARE = 1.0, 0.125
"""Seconds for which the last picture is shown, and the largest share of the film that this may be."""


@dataclass(frozen=True)
class FilmTiming:
    """Frame rate of a film, and the positions of its pictures."""

    fps: float
    selected: tuple[int, ...]
    """Numbers of the moments that are painted: all of them, unless there are more moments than pictures."""
    positions: tuple[float, ...]
    """Position of each picture among the selected moments, before the last is held; 2.25 is a quarter of the way from
    moment 2 to moment 3."""
    hold: float
    """Seconds for which the last picture is shown."""


def film_timing(count: int, format: str, fps: float | None = None, seconds: float | None = None) -> FilmTiming:
    """Return the timing of a film of ``count`` moments, 1 or more; its default length depends on their number."""
    rate = fps or DEFAULT_FPS[format]
    slow, fast = MOMENTS_PER_SECOND
    length = seconds or max(MIN_SECONDS, count / min(max(count / 20, slow), fast) + HOLD_SECONDS)
    if count == 1:
        return FilmTiming(rate, (0,), (0.0,), length if seconds else HOLD_SECONDS)
    frames = max(2, round(length * rate))
    held = max(1, round(min(HOLD_SECONDS, MAX_HOLD_SHARE * length) * rate))
    pictures = max(2, frames - held + 1)
    if pictures < count:
        selected = tuple(round(position) for position in np.linspace(0, count - 1, pictures))
        return FilmTiming(rate, selected, tuple(float(number) for number in range(pictures)), held / rate)
    positions = tuple(float(position) for position in np.linspace(0, count - 1, pictures))
    return FilmTiming(rate, tuple(range(count)), positions, held / rate)


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
    positions: Sequence[float] | None = None,
    film_size: tuple[int, int] | None = None,
    crop: bool = False,
    captions: Sequence[Caption] = (),
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write a film to `path`, whatever its suffix. The same arguments give the same bytes.

    The picture is on top. A band under it shows the epoch, the PSNR (or the loss, for a frame without PSNR), and the
    loss curve of the whole run, highlighted up to the frame's epoch.

    frames: in order, consumed one at a time; each painting is resampled to `size`.
    size: (width, height) of the picture. It is enlarged by an integer factor until its longer side has 320 pixels, and
        reduced if that side has more than 4096.
    film_size: (width, height) of the whole film, even numbers for mp4. Then `size` gives only the picture's aspect
        ratio; the picture fits into the room above the band, or with `crop` fills it.
    format: mp4 (H.264, BT.709), gif, or webp; the last two loop forever.
    fps: frames per second, above 0 and at most 120 (gif: 50, webp: 90).
    positions: of each picture of the film among the frames, ascending from 0: at 2.25, frame 3 is blended into frame 2
        with weight 0.25. None: each frame once.
    captions: texts under the picture, and the positions of their centers in it, 0 to 1.
    curve: (epoch, loss) points of the whole run; points that are not finite, or not positive, are skipped.
    title: one line, shortened where it does not fit; none if empty.
    hold: seconds for which the last frame is shown, at least 1 / fps.
    progress: called after each frame with the number of frames drawn.

    Raises PictureError if there is no frame, or a painting or size cannot be drawn; ValueError for the other
    parameters; OSError if the file cannot be written. After an error the file at `path` is not a film.
    """
    if format not in get_args(FilmFormat):
        raise ValueError(f"The format of a film must be one of {', '.join(get_args(FilmFormat))}. Got {format!r}.")
    max_fps = MAX_FPS[format]
    if not 0 < fps <= max_fps:
        raise ValueError(f"The fps of a film ({format}) must be above 0 and at most {max_fps}. Got {fps}.")
    if not (hold >= 0 and math.isfinite(hold)):
        raise ValueError(f"The hold of a film must be a number of seconds, 0 or more. Got {hold}.")

    titled, captioned = bool(one_line(title)), bool(captions)
    if film_size is None:
        layout = plan(size, title=titled, captions=captioned)
    else:
        layout = plan_within(film_size, size, crop=crop, title=titled, captions=captioned)
    if format == "mp4" and (layout.width % 2 or layout.height % 2):
        raise ValueError(f"The size of a film (mp4) must be even. Got {layout.width} x {layout.height}.")
    drawn = _draw_frames(frames, Sheet(layout, curve, title, captions), positions, progress)
    first = next(drawn, None)
    if first is None:
        raise PictureError("A film must have at least one frame. Got none.")
    # Python creates the file first, since its error names the path and FFmpeg's does not.
    path.write_bytes(b"")
    # FFmpeg is imported here: the options of a film, which import this module, need none.
    from sfumato.render.encoder import write_gif, write_mp4, write_webp

    write = {"mp4": write_mp4, "gif": write_gif, "webp": write_webp}[format]
    images = itertools.chain([first], drawn)
    write(path, images, (layout.width, layout.height), Fraction(fps).limit_denominator(1001), hold)


def _draw_frames(
    frames: Iterable[Frame], sheet: Sheet, positions: Sequence[float] | None, progress: Callable[[int], None] | None
) -> Iterator[Image.Image]:
    last_two: list[tuple[Frame, Image.Image]] = []
    count = reported = 0
    remaining = iter(frames)
    for position in itertools.count() if positions is None else positions:
        while count <= math.ceil(position):
            frame = next(remaining, None)
            if frame is None:
                return
            last_two = [*last_two[-1:], (frame, sheet.picture(frame))]
            count += 1
        if position >= count - 1:
            frame, picture = last_two[-1]
            yield sheet.with_band(picture, frame)
        else:
            weight = position - (count - 2)
            (before, first), (after, second) = last_two
            yield sheet.with_band(Image.blend(first, second, weight), interpolate(before, after, weight))
        if progress is not None and count > reported:
            reported = count
            progress(count)
