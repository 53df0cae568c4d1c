"""Thumbnails of runs, cached in the runs folder under ``.studio/thumbnails``."""

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
from sfumato.runs.files import read_bytes, write_bytes
from sfumato.studio.web import run_paths
from sfumato.studio.web.errors import Problem

DECODING = threading.Lock()
"""Held while a painting is decoded, which may take hundreds of MB."""

MAX_PIXELS = 89_000_000
"""Pixels of a painting; above, Pillow suspects a decompression bomb."""

MAX_BYTES = 4_000_000
"""Bytes of a cached thumbnail, of which each has some kB."""

SIDE = 320
"""Pixels of a thumbnail's longer side."""


def version(folder: Path) -> str | None:
    """Return a string that changes with the newest painting; None if there is none yet."""
    found = source(folder)
    return None if found is None else f"{found[1]:x}"


def source(folder: Path) -> tuple[Path, int] | None:
    """Return the run's newest exact painting, and when it was written, in nanoseconds; None if there is none."""
    for path in _paintings(folder):
        try:
            run_paths.file(folder, *path.relative_to(folder).parts)
            return path, path.stat().st_mtime_ns
        except (Problem, OSError):
            continue
    return None


def _paintings(folder: Path) -> Iterator[Path]:
    yield folder / layout.PAINTING
    # List the frames only if needed: there may be thousands.
    yield from reversed(layout.of_steps(folder, layout.FRAMES))


def read(runs: Path, folder: Path) -> bytes:
    """Return a run's thumbnail as WebP. Raise Problem if there is no painting, or it cannot be read."""
    found = source(folder)
    if found is None:
        raise Problem(404, "This run has no painting yet.")
    path, written = found
    cached = runs / ".studio" / "thumbnails" / f"{folder.name}.webp"
    with contextlib.suppress(OSError, Problem):
        run_paths.studio_folder(runs, "thumbnails")
        if not cached.is_symlink() and cached.stat().st_mtime_ns == written:
            return read_bytes(cached, MAX_BYTES)
    with DECODING:
        data = _make(path)
        # If the disk is full or read-only, the thumbnail is made anew each time.
        with contextlib.suppress(OSError, Problem, RunError):
            run_paths.studio_folder(runs, "thumbnails")
            write_bytes(cached, data, synced=False)
            os.utime(cached, ns=(written, written))
    return data


def forget(runs: Path, name: str) -> None:
    """Delete the thumbnail of a deleted run."""
    with contextlib.suppress(OSError, Problem):
        (run_paths.studio_folder(runs, "thumbnails") / f"{name}.webp").unlink(missing_ok=True)


def _make(path: Path) -> bytes:
    try:
        with opened(path) as image:
            image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
            buffer = io.BytesIO()
            image.save(buffer, format="WEBP", quality=82, method=4)
    except (OSError, SyntaxError, ValueError):
        raise Problem(409, "The painting of this run cannot be read.") from None
    return buffer.getvalue()


def opened(path: Path) -> Image.Image:
    """Open a PNG without decoding it. Raise what Pillow raises, and ValueError for more than `MAX_PIXELS`."""
    with path.open("rb") as file:
        start = file.read(24)
    if int.from_bytes(start[16:20]) * int.from_bytes(start[20:24]) > MAX_PIXELS:
        raise ValueError(f"it has more than {MAX_PIXELS:,} pixels")
    return Image.open(path, formats=["PNG"])
