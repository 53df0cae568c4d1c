"""Frames for films, and decoders of films, for tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sfumato.render import Frame

CURVE = [(float(epoch), 0.1 / (1 + epoch)) for epoch in range(20)]


def painting(width: int, height: int, moment: float = 0.0) -> NDArray[np.float32]:
    """Return a smooth picture (height, width, 3) with saturated reds and blues.

    A wrong color matrix shifts these most.
    """
    row = np.linspace(0, 1, height, dtype=np.float32)[:, np.newaxis]
    column = np.linspace(0, 1, width, dtype=np.float32)[np.newaxis]
    red = 0.1 + 0.8 * column + 0 * row
    green = 0.2 + 0.3 * row * column + 0.3 * moment
    blue = 0.9 - 0.8 * row + 0 * column
    return np.stack([red, green, blue], axis=2).astype(np.float32)


def frames(count: int, width: int = 64, height: int = 48) -> Iterator[Frame]:
    """Yield frames, each a little greener than the one before."""
    for index in range(count):
        moment = index / max(1, count - 1)
        yield Frame(painting(width, height, moment), 19 * moment, 10 * index, 12 + 10 * moment, 0.1 / (1 + index))


def decoded(path: Path) -> list[NDArray[np.float64]]:
    """Return the frames of an MP4 as (height, width, 3) in 0..255, by the formulas of BT.709, not by the library."""
    found: list[NDArray[np.float64]] = []
    with av.open(str(path)) as film:
        for frame in film.decode(video=0):
            planes = frame.to_ndarray(format="yuv420p").astype(np.float64)
            luma = (planes[: frame.height] - 16) / 219
            chroma = (planes[frame.height :].reshape(2, frame.height // 2, frame.width // 2) - 128) / 224
            cb, cr = chroma.repeat(2, axis=1).repeat(2, axis=2)
            red, blue = luma + 1.5748 * cr, luma + 1.8556 * cb
            green = (luma - 0.2126 * red - 0.0722 * blue) / 0.7152
            found.append(255 * np.clip(np.stack([red, green, blue], axis=2), 0, 1))
    return found


def decoded_animation(path: Path) -> tuple[list[NDArray[np.float64]], list[int]]:
    """Return the frames of a GIF or WebP in 0..255, and their durations in ms."""
    found: list[NDArray[np.float64]] = []
    durations: list[int] = []
    with Image.open(path) as film:
        for index in range(getattr(film, "n_frames", 1)):
            film.seek(index)
            film.load()
            found.append(np.asarray(film.convert("RGB"), np.float64))
            durations.append(int(film.info["duration"]))
    return found, durations
