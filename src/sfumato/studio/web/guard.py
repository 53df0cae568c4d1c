"""Who may ask the studio for what: checked before anything else looks at a request, and said in every answer."""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import socket
from collections.abc import Collection
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sfumato.studio.web.problems import answer, unforeseen

LOCAL = ("localhost", "127.0.0.1", "::1")

COOKIE = "sfumato-studio"
HEADER = "X-Sfumato-Token"

PLOTLY_STYLE = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
"""Of the style element that Plotly puts into the page: empty, its rules are added by script afterwards."""

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        f"style-src 'self' '{PLOTLY_STYLE}'",
        "img-src 'self' blob: data:",
        "media-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "frame-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@dataclass(frozen=True)
class Rules:
    """What a server lets in."""

    host: str = "127.0.0.1"
    """As it was bound to."""
    page_token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    """Every POST must bear it; only the studio's own page can know it."""
    access: str | None = None
    """Of a server that others can reach: whoever asks must have it as a cookie, which the address with it sets."""

    @staticmethod
    def of(host: str) -> Rules:
        """For a server bound there."""
        return Rules(host, access=None if host in LOCAL else secrets.token_urlsafe(24))

    def knows(self, host: str) -> bool:
        """Whether the name in a Host header is this machine's, and not one that somebody has pointed at it.

        The port is whatever a tunnel has made of it: it tells nothing.
        """
        if any(letter in host for letter in "/\\?#@"):
            return False
        try:
            name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
        except ValueError:
            return False
        return name in (*LOCAL, self.host.lower()) or (self.host in ("0.0.0.0", "::") and _is_own(name))


def _is_own(name: str) -> bool:
    if name == socket.gethostname().lower():
        return True
    try:
        # A number is no name: nobody else can have it lead here.
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class Guard:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self._app = app
        self._rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on; either way with the headers of `HEADERS` that the answer does not set itself."""
        if scope["type"] != "http":
            # Nothing here speaks WebSocket.
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return

        begun = False

        async def guarded(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        refused = self._refusal(scope)
        try:
            await (refused or self._app)(scope, receive, guarded)
        except Exception as error:
            if begun:
                raise
            await unforeseen(f"{scope['method']} {scope['path']}", error)(scope, receive, guarded)

    def _refusal(self, scope: Scope) -> Response | None:
        headers, rules = Headers(scope=scope), self._rules
        host = headers.get("host", "")
        if len(headers.getlist("host")) != 1 or not rules.knows(host):
            return answer(403, "The studio answers at its own address only: open the one that it printed.")
        origin = headers.get("origin")
        if origin is not None and origin not in (f"http://{host}", f"https://{host}"):
            return answer(403, "The studio takes no requests from other pages.")
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin") and not _is_visit(headers):
            return answer(403, "The studio takes no requests from other pages.")
        if rules.access is not None and (refused := self._without_access(scope, headers, rules.access)):
            return refused
        if scope["method"] not in ("GET", "HEAD") and not _equal(headers.get(HEADER), rules.page_token):
            return answer(403, "The studio was started anew since this page was loaded: load it again.")
        return None

    def _without_access(self, scope: Scope, headers: Headers, access: str) -> Response | None:
        asked = parse_qs(scope["query_string"].decode("latin-1"))
        if scope["method"] == "GET" and _equal(asked.pop("token", [""])[0], access):
            query = urlencode(asked, doseq=True)
            # A path that begins with two slashes would be another host's.
            path = "/" + scope["path"].lstrip("/\\")
            response = RedirectResponse(path + (f"?{query}" if query else ""), 303)
            response.set_cookie(COOKIE, access, httponly=True, samesite="strict", path="/")
            return response
        if _equal(_cookie(headers), access):
            return None
        return answer(401, "The studio needs the address with the token that it printed when it was started.")


def _is_visit(headers: Headers) -> bool:
    """A person who follows a link to a page."""
    return headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"


def _cookie(headers: Headers) -> str | None:
    try:
        found: Collection[str] = headers.getlist("cookie")
        jar = SimpleCookie("; ".join(found))
    except CookieError:
        return None
    return jar[COOKIE].value if COOKIE in jar else None


def _equal(given: str | None, wanted: str) -> bool:
    return given is not None and hmac.compare_digest(given.encode(), wanted.encode())
