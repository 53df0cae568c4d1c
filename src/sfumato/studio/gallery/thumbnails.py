"""Small pictures of runs, made once and kept in the runs folder under ``.studio/thumbnails``."""

from __future__ import annotations

import contextlib
import io
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from sfumato.errors import RunError
from sfumato.runs import layout
from sfumato.runs.atomic import write_bytes
from sfumato.studio.web import names
from sfumato.studio.web.problems import Problem

ONE_AT_A_TIME = threading.Lock()
"""Held while a painting is decoded, which may take hundreds of MB."""

MOST_PIXELS = 89_000_000
"""Of a painting; beyond, Pillow suspects a bomb."""

SIDE = 320
"""Pixels of the longer side."""


def version(folder: Path) -> str | None:
    """Changes with the painting that would be shown; None where there is none yet."""
    found = source(folder)
    return None if found is None else f"{found[1]:x}"


def source(folder: Path) -> tuple[Path, int] | None:
    """The run's newest exact painting, and when it was written, in nanoseconds."""
    for path in _paintings(folder):
        try:
            names.file(folder, *path.relative_to(folder).parts)
            return path, path.stat().st_mtime_ns
        except (Problem, OSError):
            continue
    return None


def _paintings(folder: Path) -> Iterator[Path]:
    yield folder / layout.PAINTING
    # Only now: there may be thousands of frames.
    yield from reversed(layout.of_steps(folder, layout.FRAMES))


def read(runs: Path, folder: Path) -> bytes:
    """WebP. Raises Problem where there is no painting, or it cannot be read."""
    found = source(folder)
    if found is None:
        raise Problem(404, "This run has no painting yet.")
    path, written = found
    kept = runs / ".studio" / "thumbnails" / f"{folder.name}.webp"
    with contextlib.suppress(OSError, Problem):
        names.own_folder(runs, "thumbnails")
        if not kept.is_symlink() and kept.stat().st_mtime_ns == written:
            return kept.read_bytes()
    with ONE_AT_A_TIME:
        data = _made(path)
        # On a full disk, or where nothing may be written, it is made anew each time.
        with contextlib.suppress(OSError, Problem, RunError):
            names.own_folder(runs, "thumbnails")
            write_bytes(kept, data, synced=False)
            os.utime(kept, ns=(written, written))
    return data


def forget(runs: Path, name: str) -> None:
    """Of a run that was deleted."""
    with contextlib.suppress(OSError):
        (runs / ".studio" / "thumbnails" / f"{name}.webp").unlink(missing_ok=True)


def _made(path: Path) -> bytes:
    try:
        with opened(path) as image:
            image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
            buffer = io.BytesIO()
            image.save(buffer, format="WEBP", quality=82, method=4)
    except (OSError, SyntaxError, ValueError):
        raise Problem(409, "The painting of this run cannot be read.") from None
    return buffer.getvalue()


def opened(path: Path) -> Image.Image:
    """A PNG, as yet undecoded. Raises what Pillow does, and ValueError for one larger than it takes without a word."""
    with path.open("rb") as file:
        start = file.read(24)
    if int.from_bytes(start[16:20]) * int.from_bytes(start[20:24]) > MOST_PIXELS:
        raise ValueError(f"it has more than {MOST_PIXELS:,} pixels")
    return Image.open(path, formats=["PNG"])
