"""What a form names as its picture, shown: one that was dropped here, or one that a run has learned."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from anyio import to_thread

from sfumato.images.samples import SAMPLES
from sfumato.runs import layout
from sfumato.studio.form import describing, uploads, wanted
from sfumato.studio.gallery.cards import Gallery
from sfumato.studio.lru_cache import LRUCache
from sfumato.studio.web import names
from sfumato.studio.web.problems import Problem

SIDE = 256
"""Pixels of the longer side of a small picture."""
_MOST_BYTES = 4_000_000
"""Of one."""
_MOST_CACHED = 16_000_000
"""Bytes of all that are cached: a small picture has some kB."""


def data(source: str, gallery: Gallery) -> dict[str, Any]:
    """``{width, height, thumbnail}`` of a picture that a recipe may name. Raises Problem for any other."""
    if (size := describing.size(source, gallery.runs)) is not None and source not in SAMPLES:
        return _about(*size, f"/api/picture.webp?{urlencode({'source': source})}")
    for each in gallery.entries():
        # What the run has kept of it: the file itself may be anything by now, and anybody's.
        if each.picture == source and each.width and each.height and (each.folder / layout.PICTURE).is_file():
            return _about(each.width, each.height, f"/api/runs/{names.in_address(each.name)}/target.png")
    raise Problem(404, "There is no such picture here.")


class SmallPictures:
    """The small pictures of those that were dropped here, each decoded once."""

    def __init__(self, runs: Path, one_at_a_time: asyncio.Lock) -> None:
        """``one_at_a_time`` is held while a picture is decoded."""
        self._runs = runs
        self._one_at_a_time = one_at_a_time
        self._cache = LRUCache(_MOST_CACHED)

    async def webp(self, source: str) -> bytes:
        """Return a small picture. Raises Problem where there is no such picture, or it cannot be decoded."""
        written = await to_thread.run_sync(_written, source, self._runs)
        if (data := self._cache.get((source, written))) is not None:
            return data
        async with self._one_at_a_time:
            # Somebody may have waited for the same one.
            if (data := self._cache.get((source, written))) is None:
                data = await to_thread.run_sync(_decoded, source)
                self._cache.put((source, written), data)
        return data


def _written(source: str, runs: Path) -> int:
    """When the file of a picture that was dropped here was written, in ns. Raises Problem where there is none."""
    if not wanted.sent_here(source, runs):
        raise Problem(404, "There is no such picture here.")
    return Path(source).stat().st_mtime_ns


def _decoded(source: str) -> bytes:
    # In a process of its own, as when it was sent.
    command = [sys.executable, "-P", "-m", "sfumato.studio.form.decoding", source, source, str(SIDE)]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=uploads.MOST_SECONDS, check=True
        )
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
        raise Problem(409, "This picture cannot be decoded any more.") from None
    return done.stdout[:_MOST_BYTES]


def _about(width: int, height: int, thumbnail: str) -> dict[str, Any]:
    return {"width": width, "height": height, "thumbnail": thumbnail}
