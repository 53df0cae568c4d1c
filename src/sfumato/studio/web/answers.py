"""Answers: JSON that every browser can read, whatever a run's files hold; pictures with what lets them be cached."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

FOR_EVER = "private, max-age=31536000, immutable"
"""For what never changes at its address."""
ASK_AGAIN = "private, no-cache"
"""For what may: the browser asks whether it has."""

COMPRESSED_FROM = 1000
"""Bytes of the shortest text that is compressed."""
COMPRESSION_LEVEL = 5
"""Of gzip."""


class Answer(JSONResponse):
    """JSON, with null for numbers that JSON does not have."""

    def render(self, content: Any) -> bytes:
        """The bytes; ASCII, for a name in a damaged file may hold what is no character."""
        try:
            text = json.dumps(content, separators=(",", ":"), allow_nan=False)
        except ValueError:
            text = json.dumps(_finite(content), separators=(",", ":"))
        return text.encode()


def picture(request: Request, data: bytes, kind: str, version: str, caching: str) -> Response:
    """Bytes of a picture; 304 without them where the browser has this ``version``."""
    if has(request, version):
        return unchanged(version, caching)
    return Response(data, media_type=kind, headers=tagged(version, caching))


def has(request: Request, version: str) -> bool:
    """Whether the browser says that it has this version; one that was compressed on its way is the same."""
    return f'"{version}"' in request.headers.get("if-none-match", "")


def tagged(version: str, caching: str = ASK_AGAIN) -> dict[str, str]:
    """Headers of an answer of this version."""
    return {"ETag": f'"{version}"', "Cache-Control": caching}


def unchanged(version: str, caching: str = ASK_AGAIN) -> Response:
    """What a browser is told that has it."""
    return Response(status_code=304, headers=tagged(version, caching))


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(each) for key, each in value.items()}
    return [_finite(each) for each in value] if isinstance(value, list | tuple) else value
