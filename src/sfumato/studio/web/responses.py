"""Responses: JSON that every browser can parse, whatever a run's files hold, and pictures with caching headers."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.types import Receive, Scope, Send

IMMUTABLE = "private, max-age=31536000, immutable"
"""Cache-Control for content that never changes at its URL."""
REVALIDATE = "private, no-cache"
"""Cache-Control for content that may change: the browser revalidates it."""

COMPRESSED_FROM = 1000
"""Bytes from which a text is compressed."""
COMPRESSION_LEVEL = 5
"""Compression level of gzip."""


class SafeJSONResponse(JSONResponse):
    """A JSON response with null for NaN and infinities, which JSON lacks."""

    def render(self, content: Any) -> bytes:
        """Return the body in ASCII, because a name in a damaged file may hold invalid characters."""
        try:
            text = json.dumps(content, separators=(",", ":"), allow_nan=False)
        except ValueError:
            text = json.dumps(_finite(content), separators=(",", ":"))
        return text.encode()


class StreamedFile(FileResponse):
    """A file of any size, of which a part at a time is in memory."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file. Raise FileNotFoundError if it was deleted in the meantime."""
        try:
            await super().__call__(scope, receive, send)
        except RuntimeError:
            # What Starlette raises.
            raise FileNotFoundError(self.path) from None


def picture(request: Request, data: bytes, kind: str, version: str, caching: str) -> Response:
    """Return a picture; 304 without a body if the browser has this ``version``."""
    if has_version(request, version):
        return not_modified(version, caching)
    return Response(data, media_type=kind, headers=version_headers(version, caching))


def has_version(request: Request, version: str) -> bool:
    """Return whether the request's ETag is this version, also if a proxy has marked it as compressed."""
    return f'"{version}"' in request.headers.get("if-none-match", "")


def version_headers(version: str, caching: str = REVALIDATE) -> dict[str, str]:
    """Return the caching headers of a response of this version."""
    return {"ETag": f'"{version}"', "Cache-Control": caching}


def not_modified(version: str, caching: str = REVALIDATE) -> Response:
    """Return 304 for a browser that has this version."""
    return Response(status_code=304, headers=version_headers(version, caching))


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(each) for key, each in value.items()}
    return [_finite(each) for each in value] if isinstance(value, list | tuple) else value
