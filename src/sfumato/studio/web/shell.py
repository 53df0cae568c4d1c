"""The HTML shell, into which all pages are loaded, and its static files."""

from __future__ import annotations

import functools
import gzip
import hashlib
import html
import importlib.util
import threading
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from sfumato.studio.web import responses
from sfumato.studio.web.errors import Problem

ASSETS = Path(__file__).parents[1] / "assets"

TOKEN = "{{token}}"
"""Placeholder in index.html for the token that every POST must have."""

PREFIX = "{{prefix}}"
"""Placeholder in index.html before every URL."""

MEDIA_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
}

COMPRESSED_TYPES = (".js", ".css", ".svg", ".json", ".webmanifest")
"""File types that are compressed."""

_READING = threading.Lock()


def page(token: str, prefix: str) -> Response:
    """Return the shell, with the token of this server, and with its URLs under ``prefix``."""
    text = (ASSETS / "index.html").read_text(encoding="utf-8")
    text = text.replace(TOKEN, html.escape(token)).replace(PREFIX, html.escape(prefix))
    return HTMLResponse(text, headers={"Cache-Control": "no-store"})


def asset(request: Request, name: str) -> Response:
    """Return a static file of the page. Raise Problem if there is none of that name."""
    if name == "plotly.min.js":
        path = plotly()
    else:
        path = ASSETS / name
        # Only files of the package, at most one folder deep; other names are refused before any access.
        parts = name.split("/")
        if len(parts) > 2 or any(not part or part.startswith(".") or "\\" in part or "\0" in part for part in parts):
            raise Problem(404, "There is no such file.")
    media_type = MEDIA_TYPES.get(path.suffix)
    if media_type is None or not path.is_file():
        raise Problem(404, "There is no such file.")
    # One thread at a time: many that ask for a file that is not cached would all compress it.
    with _READING:
        file = _read(path, path.stat().st_mtime_ns)
    if responses.has_version(request, file.version):
        return responses.not_modified(file.version)
    headers = {**responses.version_headers(file.version), "Vary": "Accept-Encoding"}
    if file.compressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.compressed, media_type=media_type, headers={**headers, "Content-Encoding": "gzip"})
    return Response(file.data, media_type=media_type, headers=headers)


@functools.cache
def plotly() -> Path:
    """Return the path of Plotly's JavaScript in its Python package, without importing it."""
    package = importlib.util.find_spec("plotly")
    for folder in package.submodule_search_locations or () if package else ():
        path = Path(folder) / "package_data" / "plotly.min.js"
        if path.is_file():
            return path
    raise Problem(404, "Plotly is not installed: pip install 'sfumato[studio]'.")


@dataclass(frozen=True)
class _File:
    data: bytes
    compressed: bytes | None
    """Content compressed with gzip; None for types that are hardly compressible."""
    version: str


# As many as there are, and some of an older version.
@functools.lru_cache(maxsize=96)
def _read(path: Path, _modified: int) -> _File:
    data = path.read_bytes()
    version = hashlib.sha256(data).hexdigest()[:16]
    if path.suffix not in COMPRESSED_TYPES or len(data) < responses.COMPRESSED_FROM:
        return _File(data, None, version)
    # Compress once, and not per request: Plotly's 5 MB take a quarter of a second.
    return _File(data, gzip.compress(data, responses.COMPRESSION_LEVEL, mtime=0), version)
