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
from sfumato.render.frame import Frame
from sfumato.render.layout import plan
from sfumato.render.sheet import Sheet
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
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write a film to `path`, whatever its suffix. The same arguments give the same bytes.

    The picture is on top; under it a band says the epoch and the PSNR (the loss, for a frame without one) and draws
    the loss of the whole run, accented up to the frame's epoch.

    frames: in order, taken one at a time; each painting is resampled to `size`.
    size: (width, height) of the picture. It is enlarged by a whole factor until its longer side has 320 pixels, and
        made smaller if that has more than 4096.
    format: mp4 (H.264, BT.709), gif or webp; the last two start again for ever.
    fps: frames a second, above 0 and at most 120 (gif: 50).
    curve: (epoch, loss) points of the whole run; those that are not finite, or not positive, are skipped.
    title: one line, shortened where it does not fit; none if empty.
    hold: seconds that the last frame stays, at least 1 / fps.
    progress: called after each frame with the number of frames drawn.

    Raises PictureError if there is no frame, or a painting or size cannot be drawn; ValueError for the other
    parameters; OSError if the file cannot be written. What is at `path` after an error is not a film.
    """
    if format not in get_args(FilmFormat):
        raise ValueError(f"The format of a film must be one of {', '.join(get_args(FilmFormat))}. Got {format!r}.")
    most = 50 if format == "gif" else 120
    if not 0 < fps <= most:
        raise ValueError(f"The fps of a film ({format}) must be above 0 and at most {most}. Got {fps}.")
    if not (hold >= 0 and math.isfinite(hold)):
        raise ValueError(f"The hold of a film must be a number of seconds, 0 or more. Got {hold}.")

    layout = plan(size, title=bool(one_line(title)))
    drawn = _drawn(frames, Sheet(layout, curve, title), progress)
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


def _drawn(frames: Iterable[Frame], sheet: Sheet, progress: Callable[[int], None] | None) -> Iterator[Image.Image]:
    for count, frame in enumerate(frames, start=1):
        yield sheet.draw(frame)
        if progress is not None:
            progress(count)
