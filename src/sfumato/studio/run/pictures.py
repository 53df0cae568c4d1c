"""A run's pictures: what it learns, its paintings, and how far they are off."""

from __future__ import annotations

import functools
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from sfumato import images
from sfumato.errors import SfumatoError
from sfumato.runs import facts, layout, target
from sfumato.runs.regular import read_bytes
from sfumato.studio.gallery import thumbnails
from sfumato.studio.web import answers, names
from sfumato.studio.web.problems import Problem

MOST_STEP = 10**12 - 1
MOST_BYTES = 256_000_000
"""Of a painting, which has at most half as many values."""

FILES = {
    f"{layout.FILM}.mp4": "video/mp4",
    f"{layout.FILM}.webp": "image/webp",
    f"{layout.FILM}.gif": "image/gif",
    layout.CURVE: "image/svg+xml",
}
"""What may be asked for by its own name."""


def target_png(request: Request, folder: Path) -> Response:
    """The picture that the run learns, as it is shown."""
    path = names.file(folder, layout.PICTURE)
    written = path.stat().st_mtime_ns
    return answers.picture(request, _target(folder, written), "image/png", f"{written:x}", answers.ASK_AGAIN)


def painting_png(request: Request, folder: Path) -> Response:
    """The newest exact painting."""
    found = thumbnails.source(folder)
    if found is None:
        raise Problem(404, "This run has no painting yet.")
    return _file(request, found[0], "image/png", answers.ASK_AGAIN)


def frame_png(request: Request, folder: Path, step: str) -> Response:
    """The exact painting after so many steps."""
    return _file(request, _frame(folder, step), "image/png", answers.ASK_AGAIN)


def error_png(request: Request, folder: Path, step: str) -> Response:
    """The error map of the painting after so many steps; of the newest for ``last``."""
    path = _frame(folder, step)
    written = path.stat().st_mtime_ns
    return answers.picture(request, _errors(folder, path, written), "image/png", f"{written:x}", answers.ASK_AGAIN)


def live_jpg(request: Request, folder: Path) -> Response:
    """What training paints as it goes; no content where it was told of and has gone since, as at the training's end."""
    try:
        return _file(request, names.file(folder, layout.LIVE), "image/jpeg", answers.ASK_AGAIN)
    except Problem:
        if "v" not in request.query_params:
            raise
        return Response(status_code=204)


def own_file(folder: Path, name: str) -> Response:
    """The film or the curve."""
    kind = FILES.get(name)
    if kind is None:
        raise Problem(404, "There is no such file in this run.")
    path = names.file(folder, name)
    headers = {"Cache-Control": answers.ASK_AGAIN}
    if name == layout.CURVE:
        # Drawn by Matplotlib, with styles of its own; it loads nothing.
        headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return _File(path, media_type=kind, headers=headers)


class _File(FileResponse):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except RuntimeError:
            # As Starlette says that it was deleted meanwhile.
            raise FileNotFoundError(self.path) from None


def _frame(folder: Path, step: str) -> Path:
    if step == "last":
        found = thumbnails.source(folder)
        if found is None:
            raise Problem(404, "This run has no painting yet.")
        return found[0]
    return names.file(folder, *layout.frame(names.whole(step, 0, MOST_STEP, "the step")).split("/"))


def _file(request: Request, path: Path, kind: str, caching: str) -> Response:
    try:
        about = path.stat()
        data = read_bytes(path, MOST_BYTES)
    except OSError:
        # Replaced or deleted meanwhile, or nothing that a training has painted.
        raise Problem(404, "There is no such file in this run.") from None
    return answers.picture(request, data, kind, f"{about.st_mtime_ns:x}-{len(data):x}", caching)


@functools.lru_cache(maxsize=16)
def _target(folder: Path, _written: int) -> bytes:
    with thumbnails.ONE_AT_A_TIME:
        return _png(_shown_target(folder))


@functools.lru_cache(maxsize=64)
def _errors(folder: Path, path: Path, _written: int) -> bytes:
    # Matplotlib, for its colors, only now.
    from sfumato.render.painting import error_map

    with thumbnails.ONE_AT_A_TIME:
        wanted = _shown_target(folder)
        try:
            with thumbnails.opened(path) as image:
                if image.size != wanted.shape[1::-1]:
                    raise ValueError("it has another size than the picture")
                painted = np.asarray(image).astype(np.float32) / np.float32(255)
        except (OSError, SyntaxError, ValueError):
            raise Problem(409, "The painting of this run cannot be read.") from None
        try:
            return _png(error_map(wanted, painted.reshape(*painted.shape[:2], -1)))
        except SfumatoError as error:
            raise Problem(409, str(error)) from None


def _shown_target(folder: Path) -> NDArray[np.float32]:
    found = facts.read_complete(folder)
    picture = target.read(folder, found)
    settings = found["recipe"].get("picture")
    linear = isinstance(settings, dict) and settings.get("transfer") == "linear"
    return images.to_srgb(picture, "linear" if linear else "srgb")


def _png(picture: NDArray[np.floating]) -> bytes:
    buffer = io.BytesIO()
    images.as_image(picture).save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()
