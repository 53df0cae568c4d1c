"""Timing of a film: its length, and the positions of its pictures among the painted moments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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
