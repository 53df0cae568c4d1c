"""Small pictures of runs, made once and kept in the runs folder under ``.studio/thumbnails``."""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path

from PIL import Image

from sfumato.runs import layout
from sfumato.runs.atomic import write_bytes
from sfumato.studio.web import names
from sfumato.studio.web.problems import Problem

SIDE = 320
"""Pixels of the longer side."""


def version(folder: Path) -> str | None:
    """Changes with the painting that would be shown; None where there is none yet."""
    found = source(folder)
    return None if found is None else f"{found[1]:x}"


def source(folder: Path) -> tuple[Path, int] | None:
    """The run's newest exact painting, and when it was written, in nanoseconds."""
    for path in (folder / layout.PAINTING, *reversed(layout.of_steps(folder, layout.FRAMES))):
        try:
            names.file(folder, *path.relative_to(folder).parts)
            return path, path.stat().st_mtime_ns
        except (Problem, OSError):
            continue
    return None


def read(runs: Path, folder: Path) -> bytes:
    """WebP. Raises Problem where there is no painting."""
    found = source(folder)
    if found is None:
        raise Problem(404, "This run has no painting yet.")
    path, written = found
    kept = names.own_folder(runs, "thumbnails") / f"{folder.name}.webp"
    with contextlib.suppress(OSError):
        if not kept.is_symlink() and kept.stat().st_mtime_ns == written:
            return kept.read_bytes()
    data = _made(path)
    write_bytes(kept, data)
    with contextlib.suppress(OSError):
        os.utime(kept, ns=(written, written))
    return data


def forget(runs: Path, name: str) -> None:
    """Of a run that was deleted."""
    with contextlib.suppress(OSError):
        (runs / ".studio" / "thumbnails" / f"{name}.webp").unlink(missing_ok=True)


def _made(path: Path) -> bytes:
    try:
        with Image.open(path, formats=["PNG"]) as image:
            image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
            buffer = io.BytesIO()
            image.save(buffer, format="WEBP", quality=82, method=4)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise Problem(409, "The painting of this run cannot be read.") from None
    return buffer.getvalue()
