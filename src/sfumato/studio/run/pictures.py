"""A run's pictures: its target, its paintings, and its error maps."""

from __future__ import annotations

import functools
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import Response

from sfumato import images
from sfumato.errors import SfumatoError
from sfumato.runs import layout, run_json, target
from sfumato.runs.files import read_bytes
from sfumato.studio.gallery import thumbnails
from sfumato.studio.web import responses, run_paths
from sfumato.studio.web.errors import Problem
from sfumato.studio.web.responses import StreamedFile

MAX_STEP = 10**12 - 1
MAX_BYTES = 256_000_000
"""Bytes of a painting's file, which has at most half as many values."""

FILES = {
    f"{layout.FILM}.mp4": "video/mp4",
    f"{layout.FILM}.webp": "image/webp",
    f"{layout.FILM}.gif": "image/gif",
    layout.CURVE: "image/svg+xml",
}
"""Files that are served by name, and their media types."""


def target_png(request: Request, folder: Path) -> Response:
    """Return the picture that the run learns, as sRGB."""
    path = run_paths.file(folder, layout.PICTURE)
    modified = path.stat().st_mtime_ns
    return responses.picture(request, _target(folder, modified), "image/png", f"{modified:x}", responses.REVALIDATE)


def painting_png(request: Request, folder: Path) -> Response:
    """Return the newest exact painting."""
    found = thumbnails.source(folder)
    if found is None:
        raise Problem(404, "This run has no painting yet.")
    return _file(request, found[0], "image/png", responses.REVALIDATE)


def frame_png(request: Request, folder: Path, step: str) -> Response:
    """Return the exact painting at a step."""
    return _file(request, _frame(folder, step), "image/png", responses.REVALIDATE)


def error_png(request: Request, folder: Path, step: str) -> Response:
    """Return the error map of the painting at a step, of the newest for ``last``."""
    path = _frame(folder, step)
    modified = path.stat().st_mtime_ns
    return responses.picture(
        request, _errors(folder, path, modified), "image/png", f"{modified:x}", responses.REVALIDATE
    )


def live_jpg(request: Request, folder: Path) -> Response:
    """Return the live painting; 204 for a version that was announced and is gone, as at the training's end."""
    try:
        return _file(request, run_paths.file(folder, layout.LIVE), "image/jpeg", responses.REVALIDATE)
    except Problem:
        if "v" not in request.query_params:
            raise
        return Response(status_code=204)


def own_file(folder: Path, name: str) -> Response:
    """Return the film or the curve."""
    kind = FILES.get(name)
    if kind is None:
        raise Problem(404, "There is no such file in this run.")
    path = run_paths.file(folder, name)
    headers = {"Cache-Control": responses.REVALIDATE}
    if name == layout.CURVE:
        # Matplotlib's SVG has inline styles, and loads nothing.
        headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return StreamedFile(path, media_type=kind, headers=headers)


def _frame(folder: Path, step: str) -> Path:
    if step == "last":
        found = thumbnails.source(folder)
        if found is None:
            raise Problem(404, "This run has no painting yet.")
        return found[0]
    return run_paths.file(folder, *layout.frame(run_paths.parse_int(step, 0, MAX_STEP, "the step")).split("/"))


def _file(request: Request, path: Path, kind: str, caching: str) -> Response:
    try:
        status = path.stat()
        data = read_bytes(path, MAX_BYTES)
    except OSError:
        # It was replaced or deleted in the meantime, or is no file that a training has written.
        raise Problem(404, "There is no such file in this run.") from None
    return responses.picture(request, data, kind, f"{status.st_mtime_ns:x}-{len(data):x}", caching)


@functools.lru_cache(maxsize=16)
def _target(folder: Path, _modified: int) -> bytes:
    with thumbnails.DECODING:
        return _png(_shown_target(folder))


@functools.lru_cache(maxsize=64)
def _errors(folder: Path, path: Path, _modified: int) -> bytes:
    # This imports Matplotlib, for its colors.
    from sfumato.render.painting import error_map

    with thumbnails.DECODING:
        wanted = _shown_target(folder)
        try:
            with thumbnails.opened(path) as image:
                if image.size != wanted.shape[1::-1]:
                    raise ValueError("its size differs from the picture's")
                painted = np.asarray(image).astype(np.float32) / np.float32(255)
        except (OSError, SyntaxError, ValueError):
            raise Problem(409, "The painting of this run cannot be read.") from None
        try:
            return _png(error_map(wanted, painted.reshape(*painted.shape[:2], -1)))
        except SfumatoError as error:
            raise Problem(409, str(error)) from None


def _shown_target(folder: Path) -> NDArray[np.float32]:
    found = run_json.read_complete(folder)
    picture = target.read(folder, found)
    settings = found["recipe"].get("picture")
    linear = isinstance(settings, dict) and settings.get("transfer") == "linear"
    return images.to_srgb(picture, "linear" if linear else "srgb")


def _png(picture: NDArray[np.floating]) -> bytes:
    buffer = io.BytesIO()
    images.as_image(picture).save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()
