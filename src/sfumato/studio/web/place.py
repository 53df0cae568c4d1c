"""Under which path the studio is seen: behind a proxy it need not be the root of its host."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from sfumato.errors import SfumatoError

_PREFIX = re.compile(r"(/[A-Za-z0-9][A-Za-z0-9._~-]*)+")
"""Nothing in it means anything in HTML, a header or an address, and it is no other host."""


@dataclass(frozen=True)
class Public:
    """The address at which a proxy shows the studio."""

    origin: str
    """``https://lab.example.org``"""
    name: str
    """Of the host."""
    prefix: str
    """``/sfumato``, or nothing."""

    @property
    def address(self) -> str:
        """As it is typed."""
        return f"{self.origin}{self.prefix}/"

    @staticmethod
    def of(text: str) -> Public:
        """From an address. Raises SfumatoError."""
        try:
            parts = urlsplit(text)
            _ = parts.port
        except ValueError:
            parts = urlsplit("")
        prefix = parts.path.rstrip("/")
        good = parts.scheme in ("http", "https") and parts.hostname and not (parts.query or parts.fragment)
        if not good or "@" in parts.netloc or (prefix and not _PREFIX.fullmatch(prefix)):
            raise SfumatoError(
                f"public must be the address at which a proxy shows the studio, such as https://example.org/sfumato. "
                f"Got {text!r}."
            )
        return Public(f"{parts.scheme}://{parts.netloc.lower()}", (parts.hostname or "").rstrip("."), prefix)


def placed(scope: Scope, prefix: str) -> Scope:
    """The request with ``root_path`` for what is before the studio's own addresses, and ``path`` with it.

    Where the studio is mounted in another application, that has said so. A proxy may leave the prefix in the path or
    take it away, and say it in ``X-Forwarded-Prefix``. That header only changes the answer to whoever sends it.
    """
    found = scope.get("root_path", "")
    path = scope["path"]
    if not found:
        said = Headers(scope=scope).get("x-forwarded-prefix", "").rstrip("/")
        found = said if _PREFIX.fullmatch(said) else prefix
        if found and path != found and not path.startswith(f"{found}/"):
            path = found + path
    return {**scope, "root_path": found, "path": f"{path}/" if path == found else path}
