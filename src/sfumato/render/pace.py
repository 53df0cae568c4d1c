"""How long a film is, and which of its pictures lie where between the moments that were painted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SMOOTH = {"mp4": 24.0, "webp": 20.0, "gif": 12.5}
"""Frames a second where none are asked for. A GIF, which keeps no picture's likeness to the one before, has fewer."""

MOST_FPS = {"mp4": 120, "webp": 90, "gif": 50}
"""A GIF counts in 1/100 s, and browsers show what stays for less than 11 ms for 100."""

SHORTEST = 4.0
"""Seconds of a film, however few moments there are."""

MOMENTS_PER_SECOND = (16.0, 24.0)
"""Of a film of few moments, and of many."""

HOLD, HELD = 1.0, 0.125
"""Seconds that the last picture stays, and the part of the film that this is at most."""


@dataclass(frozen=True)
class EpochTime:
    """When what is shown."""

    fps: float
    chosen: tuple[int, ...]
    """Numbers of the moments that are painted: all of them, unless there are more than pictures."""
    places: tuple[float, ...]
    """Of each picture among the chosen ones, before the last is held: 2.25 is a quarter of the way from 2 to 3."""
    hold: float
    """Seconds that the last picture stays."""


def pace(count: int, format: str, fps: float | None = None, seconds: float | None = None) -> EpochTime:
    """A film of ``count`` moments, 1 or more; by default as long as so many need to be seen."""
    rate = fps or SMOOTH[format]
    slow, quick = MOMENTS_PER_SECOND
    whole = seconds or max(SHORTEST, count / min(max(count / 20, slow), quick) + HOLD)
    if count == 1:
        return EpochTime(rate, (0,), (0.0,), whole if seconds else HOLD)
    frames = max(2, round(whole * rate))
    held = max(1, round(min(HOLD, HELD * whole) * rate))
    pictures = max(2, frames - held + 1)
    if pictures < count:
        chosen = tuple(round(each) for each in np.linspace(0, count - 1, pictures))
        return EpochTime(rate, chosen, tuple(float(number) for number in range(pictures)), held / rate)
    places = tuple(float(each) for each in np.linspace(0, count - 1, pictures))
    return EpochTime(rate, tuple(range(count)), places, held / rate)
