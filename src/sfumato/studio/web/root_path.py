"""The path prefix of the studio: behind a proxy it need not be the root of its host."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from sfumato.errors import SfumatoError

_PREFIX = re.compile(r"(/[A-Za-z0-9][A-Za-z0-9._~-]*)+")
"""A safe prefix: no special characters of HTML, headers, or URLs, and no other host."""


@dataclass(frozen=True)
class Public:
    """The URL at which a proxy serves the studio."""

    origin: str
    """``https://lab.example.org``"""
    name: str
    """Name of the host."""
    prefix: str
    """``/sfumato``, or empty."""

    @property
    def address(self) -> str:
        """The URL of the studio's first page."""
        return f"{self.origin}{self.prefix}/"

    @staticmethod
    def of(text: str) -> Public:
        """Parse a URL. Raise SfumatoError if it is invalid."""
        try:
            parts = urlsplit(text)
            _ = parts.port
        except ValueError:
            parts = urlsplit("")
        prefix = parts.path.rstrip("/")
        good = parts.scheme in ("http", "https") and parts.hostname and not (parts.query or parts.fragment)
        if not good or "@" in parts.netloc or (prefix and not _PREFIX.fullmatch(prefix)):
            raise SfumatoError(
                f"public must be the URL at which a proxy serves the studio, such as https://example.org/sfumato. "
                f"Got {text!r}."
            )
        return Public(f"{parts.scheme}://{parts.netloc.lower()}", (parts.hostname or "").rstrip("."), prefix)


def with_root_path(scope: Scope, prefix: str) -> Scope:
    """Return the scope with the prefix as ``root_path``, and with a ``path`` that includes it.

    A parent application that mounts the studio has set ``root_path`` already. A proxy may leave the prefix in the path,
    or remove it and state it in ``X-Forwarded-Prefix``; that header only affects the response to its own sender.
    """
    found = scope.get("root_path", "")
    path = scope["path"]
    if not found:
        forwarded = Headers(scope=scope).get("x-forwarded-prefix", "").rstrip("/")
        found = forwarded if _PREFIX.fullmatch(forwarded) else prefix
        if found and path != found and not path.startswith(f"{found}/"):
            path = found + path
    return {**scope, "root_path": found, "path": f"{path}/" if path == found else path}
