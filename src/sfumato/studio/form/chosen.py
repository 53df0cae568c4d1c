"""What a form names as its picture, shown: one that was dropped here, or one that a run has learned."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from sfumato.images.samples import SAMPLES
from sfumato.runs import layout
from sfumato.studio.form import describing, uploads, wanted
from sfumato.studio.gallery.cards import Gallery
from sfumato.studio.web import names
from sfumato.studio.web.problems import Problem

SIDE = 256
"""Pixels of the longer side of a small picture."""
_MOST_BYTES = 4_000_000
"""Of one."""


def data(source: str, gallery: Gallery) -> dict[str, Any]:
    """``{width, height, thumbnail}`` of a picture that a recipe may name. Raises Problem for any other."""
    if (size := describing.size(source, gallery.runs)) is not None and source not in SAMPLES:
        return _about(*size, f"/api/picture.webp?{urlencode({'source': source})}")
    for each in gallery.entries():
        # What the run has kept of it: the file itself may be anything by now, and anybody's.
        if each.picture == source and each.width and each.height and (each.folder / layout.PICTURE).is_file():
            return _about(each.width, each.height, f"/api/runs/{names.in_address(each.name)}/target.png")
    raise Problem(404, "There is no such picture here.")


def webp(source: str, runs: Path) -> bytes:
    """The small picture of one that was dropped here. Raises Problem where it is none, or cannot be decoded."""
    if not wanted.sent_here(source, runs):
        raise Problem(404, "There is no such picture here.")
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
