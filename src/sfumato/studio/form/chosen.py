"""Previews of the picture that a form names: an uploaded one, or one that a run has stored."""

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
"""Pixels of a preview's longer side."""
_MAX_BYTES = 4_000_000
"""Bytes of one preview."""
_MAX_CACHED = 16_000_000
"""Bytes of all cached previews, of which each has some kB."""


def data(source: str, gallery: Gallery) -> dict[str, Any]:
    """Return ``{width, height, thumbnail}`` of a picture that a recipe may name. Raise Problem for any other."""
    if (size := describing.size(source, gallery.runs)) is not None and source not in SAMPLES:
        return _about(*size, f"/api/picture.webp?{urlencode({'source': source})}")
    for each in gallery.entries():
        # Take the copy that the run has stored: the original file may have been replaced, or belong to somebody else.
        if each.picture == source and each.width and each.height and (each.folder / layout.PICTURE).is_file():
            return _about(each.width, each.height, f"/api/runs/{names.in_url(each.name)}/target.png")
    raise Problem(404, "There is no such picture here.")


class SmallPictures:
    """Previews of uploaded pictures, each decoded once."""

    def __init__(self, runs: Path, one_at_a_time: asyncio.Lock) -> None:
        """Take the lock that is held while a picture is decoded."""
        self._runs = runs
        self._one_at_a_time = one_at_a_time
        self._cache = LRUCache(_MAX_CACHED)

    async def webp(self, source: str) -> bytes:
        """Return a preview. Raise Problem if there is no such picture, or it cannot be decoded."""
        written = await to_thread.run_sync(_modified_ns, source, self._runs)
        if (data := self._cache.get((source, written))) is not None:
            return data
        async with self._one_at_a_time:
            # Another request may have decoded it in the meantime.
            if (data := self._cache.get((source, written))) is None:
                data = await to_thread.run_sync(_decode, source)
                self._cache.put((source, written), data)
        return data


def _modified_ns(source: str, runs: Path) -> int:
    """Return when an uploaded picture's file was written, in ns. Raise Problem if there is none."""
    if not wanted.is_upload(source, runs):
        raise Problem(404, "There is no such picture here.")
    return Path(source).stat().st_mtime_ns


def _decode(source: str) -> bytes:
    # In a separate process, as at the upload.
    command = [sys.executable, "-P", "-m", "sfumato.studio.form.decoding", source, source, str(SIDE)]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=uploads.MAX_SECONDS, check=True
        )
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
        raise Problem(409, "This picture cannot be decoded any more.") from None
    return done.stdout[:_MAX_BYTES]


def _about(width: int, height: int, thumbnail: str) -> dict[str, Any]:
    return {"width": width, "height": height, "thumbnail": thumbnail}
