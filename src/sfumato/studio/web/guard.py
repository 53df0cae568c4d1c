"""Who may ask the studio for what: checked before anything else looks at a request, and said in every answer."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sfumato.studio.web import entrance
from sfumato.studio.web.entrance import TOKEN
from sfumato.studio.web.place import Public, placed
from sfumato.studio.web.problems import answer, unforeseen

LOCAL = ("localhost", "127.0.0.1", "::1")

COOKIE = "sfumato-studio"
HEADER = "X-Sfumato-Token"

PIECE = 65_536
"""Bytes."""

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
    cookie: str = COOKIE
    """Its name. Browsers keep the cookies of all ports of a host together: each studio has a name of its own."""
    public: Public | None = None
    """Where a proxy shows it to others."""

    @staticmethod
    def of(host: str, port: int = 0, runs: Path = Path("runs"), public: Public | None = None) -> Rules:
        """For a server bound there; behind a proxy others can reach it wherever it is bound to."""
        own = hashlib.sha256(f"{port} {runs.absolute()}".encode(errors="surrogateescape")).hexdigest()[:12]
        away = host not in LOCAL or public is not None
        return Rules(host, access=secrets.token_urlsafe(24) if away else None, cookie=f"{COOKIE}-{own}", public=public)

    @property
    def prefix(self) -> str:
        """The path under which a proxy shows it, without a slash at its end."""
        return "" if self.public is None else self.public.prefix

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
        if self.public is not None and name == self.public.name:
            return True
        return name in (*LOCAL, self.host.lower()) or (self.host in ("0.0.0.0", "::") and _is_own(name))

    def is_own_origin(self, origin: str, host: str) -> bool:
        """Whether a page of this origin is the studio's: at the address that was asked, or at the public one."""
        public = () if self.public is None else (self.public.origin,)
        return origin in (f"http://{host}", f"https://{host}", *public)


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
    """ASGI middleware.

    What changes something is a POST, and a POST must bear the page's token, which only the studio's own page can read:
    that is what keeps other pages from having anything done, whatever cookies a browser sends along. `Origin` and
    `Sec-Fetch-Site` are looked at besides, for GET too, so that other pages cannot even have something computed. The
    cookie is only about who may look. So it need not be SameSite=Strict, with which a link from a mail or a wiki would
    lead to 401: Lax sends it along when a person follows a link to a page, and with nothing else from elsewhere.
    """

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
        scope = placed(scope, self._rules.prefix)

        async def guarded(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            for piece in _pieces(message):
                await send(piece)

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
        if origin is not None and not rules.is_own_origin(origin, host):
            return answer(403, "The studio takes no requests from other pages.")
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin") and not _is_visit(headers):
            return answer(403, "The studio takes no requests from other pages.")
        if rules.access is not None and (refused := self._without_access(scope, headers, rules.access)):
            return refused
        if scope["method"] not in ("GET", "HEAD") and not _equal(headers.get(HEADER), rules.page_token):
            return answer(403, "The studio was started anew since this page was loaded: load it again.")
        return None

    def _without_access(self, scope: Scope, headers: Headers, access: str) -> Response | None:
        asked = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        tokens = [value for name, value in asked if name == TOKEN]
        rest = [(name, value) for name, value in asked if name != TOKEN]
        prefix = scope["root_path"]
        if scope["method"] == "GET" and tokens and _equal(tokens[0].strip(), access):
            # A path that begins with two slashes would be another host's.
            path = prefix + "/" + scope["path"].removeprefix(prefix).lstrip("/\\")
            response = RedirectResponse(quote(path) + (f"?{urlencode(rest)}" if rest else ""), 303)
            secure = self._rules.public is not None and self._rules.public.origin.startswith("https:")
            response.set_cookie(
                self._rules.cookie, access, httponly=True, samesite="lax", path=prefix or "/", secure=secure
            )
            return response
        if any(_equal(value, access) for value in cookies(headers.getlist("cookie"), self._rules.cookie)):
            return None
        if _is_page(scope, headers):
            return entrance.page(rest, wrong=bool(tokens))
        return answer(401, "The studio needs the token that it printed when it was started: load the page again.")


def _pieces(message: Message) -> Iterator[Message]:
    """A large body bit by bit: the next goes when the last has, so that what nobody reads is not copied whole."""
    body = message.get("body", b"")
    if message["type"] != "http.response.body" or len(body) <= PIECE:
        yield message
        return
    view = memoryview(body)
    for start in range(0, len(body), PIECE):
        more = start + PIECE < len(body) or message.get("more_body", False)
        yield {"type": message["type"], "body": bytes(view[start : start + PIECE]), "more_body": more}


def _is_visit(headers: Headers) -> bool:
    """A person who follows a link to a page."""
    return headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"


def _is_page(scope: Scope, headers: Headers) -> bool:
    """Whether a person looks at the answer, and not a program."""
    wanted = headers.get("sec-fetch-dest") in (None, "document") and "text/html" in headers.get("accept", "")
    return scope["method"] == "GET" and wanted


def cookies(headers: Iterable[str], name: str) -> list[str]:
    """The values of all cookies of a name. Others may be as odd as they like: they are of other programs."""
    pairs = (pair.partition("=") for header in headers for pair in header.split(";"))
    return [value.strip().strip('"') for found, _, value in pairs if found.strip() == name]


def _equal(given: str | None, wanted: str) -> bool:
    return given is not None and hmac.compare_digest(given.encode(), wanted.encode())
