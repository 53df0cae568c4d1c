"""Previews of pictures for the form: samples, uploaded ones, and those that a run has stored."""

from __future__ import annotations

import asyncio
import functools
import io
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from anyio import to_thread
from PIL import Image

from sfumato.errors import PictureError
from sfumato.images.samples import SAMPLES, sample_path
from sfumato.runs import layout
from sfumato.studio.form import requested_recipe, uploads
from sfumato.studio.gallery.cards import Gallery
from sfumato.studio.lru_cache import LRUCache
from sfumato.studio.web import run_paths
from sfumato.studio.web.errors import Problem

SIDE = 256
"""Pixels of a preview's longer side."""
_MAX_BYTES = 4_000_000
"""Bytes of one preview."""
_MAX_CACHED = 16_000_000
"""Bytes of all cached previews, of which each has some kB."""

SHIPPED = tuple(name for name in SAMPLES if name != "mona-lisa")
"""Samples that the package contains, so that they need no download."""


def sample_url(name: str) -> str | None:
    """Return the URL of a sample's preview; None if it has none."""
    return f"/api/samples/{name}.webp" if name in SHIPPED else None


def picture_data(source: str, gallery: Gallery) -> dict[str, Any]:
    """Return ``{width, height, thumbnail}`` of a picture that a recipe may name. Raise Problem for any other."""
    if (known := picture_size(source, gallery.runs)) is not None and source not in SAMPLES:
        return _picture_json(*known, f"/api/picture.webp?{urlencode({'source': source})}")
    for each in gallery.entries():
        # Take the copy that the run has stored: the original file may have been replaced, or belong to somebody else.
        if each.picture == source and each.width and each.height and (each.folder / layout.PICTURE).is_file():
            return _picture_json(each.width, each.height, f"/api/runs/{run_paths.in_url(each.name)}/target.png")
    raise Problem(404, "There is no such picture here.")


def _picture_json(width: int, height: int, thumbnail: str) -> dict[str, Any]:
    return {"width": width, "height": height, "thumbnail": thumbnail}


def picture_size(source: str, runs: Path) -> tuple[int, int] | None:
    """Return (width, height) of a sample or of an uploaded picture; None for any other."""
    if source in SAMPLES:
        return sample_size(source)
    if not requested_recipe.is_upload(source, runs):
        return None
    try:
        # Read the header alone. A rotation in the metadata does not change the number of pixels.
        with Image.open(source) as image:
            return image.size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None


def sample_size(sample: str) -> tuple[int, int] | None:
    """Return (width, height) of a sample as its description states them; None if it states none."""
    found = re.search(r"([0-9]+)x([0-9]+)", SAMPLES[sample])
    return (int(found[1]), int(found[2])) if found else None


@functools.cache
def sample_preview(name: str) -> bytes:
    """Return a sample's preview as WebP. Raise Problem if there is no such sample."""
    if name not in SHIPPED:
        raise Problem(404, "There is no such sample.")
    try:
        with Image.open(sample_path(name)) as image:
            image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
            buffer = io.BytesIO()
            image.convert("RGB").save(buffer, format="WEBP", quality=82, method=4)
    except (OSError, PictureError) as error:
        raise Problem(404, str(error)) from None
    return buffer.getvalue()


class UploadPreviews:
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
                data = await to_thread.run_sync(_decode_upload, source)
                self._cache.put((source, written), data)
        return data


def _modified_ns(source: str, runs: Path) -> int:
    """Return when an uploaded picture's file was written, in ns. Raise Problem if there is none."""
    if not requested_recipe.is_upload(source, runs):
        raise Problem(404, "There is no such picture here.")
    return Path(source).stat().st_mtime_ns


def _decode_upload(source: str) -> bytes:
    # In a separate process, as at the upload.
    command = [sys.executable, "-P", "-m", "sfumato.studio.form.decode_upload", source, source, str(SIDE)]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=uploads.MAX_SECONDS, check=True
        )
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
        raise Problem(409, "This picture cannot be decoded any more.") from None
    return done.stdout[:_MAX_BYTES]
