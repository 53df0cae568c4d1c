"""The one HTML page, into which everything else is loaded; and the files that it is made of."""

from __future__ import annotations

import functools
import gzip
import hashlib
import html
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from sfumato.studio.web import answers
from sfumato.studio.web.problems import Problem

ASSETS = Path(__file__).parents[1] / "assets"

TOKEN = "{{token}}"
"""In index.html, for what every POST must bear."""

PREFIX = "{{prefix}}"
"""In index.html, before every address."""

KINDS = {
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

TEXTS = (".js", ".css", ".svg", ".json", ".webmanifest")
"""Kinds of which less is sent when they are compressed."""


def page(token: str, prefix: str) -> Response:
    """The shell, with the token of this server, its addresses under ``prefix``."""
    text = (ASSETS / "index.html").read_text(encoding="utf-8")
    text = text.replace(TOKEN, html.escape(token)).replace(PREFIX, html.escape(prefix))
    return HTMLResponse(text, headers={"Cache-Control": "no-store"})


def asset(request: Request, name: str) -> Response:
    """A file of the page. Raises Problem where there is none of that name."""
    if name == "plotly.min.js":
        path = plotly()
    else:
        path = ASSETS / name
        # Names of the package's own files, one folder deep at most; everything else is refused unread.
        parts = name.split("/")
        if len(parts) > 2 or any(not part or part.startswith(".") or "\\" in part or "\0" in part for part in parts):
            raise Problem(404, "There is no such file.")
    kind = KINDS.get(path.suffix)
    if kind is None or not path.is_file():
        raise Problem(404, "There is no such file.")
    file = _read(path, path.stat().st_mtime_ns)
    if answers.has(request, file.version):
        return answers.unchanged(file.version)
    headers = {**answers.tagged(file.version), "Vary": "Accept-Encoding"}
    if file.compressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.compressed, media_type=kind, headers={**headers, "Content-Encoding": "gzip"})
    return Response(file.data, media_type=kind, headers=headers)


@functools.cache
def plotly() -> Path:
    """Plotly's JavaScript, as its Python package carries it; found without importing that."""
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
    """By gzip; None where that pays little."""
    version: str


# As many as there are, and some in an older version.
@functools.lru_cache(maxsize=96)
def _read(path: Path, _written: int) -> _File:
    data = path.read_bytes()
    version = hashlib.sha256(data).hexdigest()[:16]
    if path.suffix not in TEXTS or len(data) < answers.COMPRESSED_FROM:
        return _File(data, None, version)
    # Here, and not on the way: Plotly's 5 MB take a quarter of a second each time.
    return _File(data, gzip.compress(data, answers.COMPRESSION_LEVEL, mtime=0), version)
