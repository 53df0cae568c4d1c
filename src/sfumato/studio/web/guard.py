"""Access control: checked before anything else handles a request; and the page that asks for the token."""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import ipaddress
import secrets
import socket
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sfumato.studio.web.errors import error_response, unexpected
from sfumato.studio.web.root_path import Public, with_root_path

TOKEN = "token"
"""Query parameter of the access token."""

_TOKEN_PAGE_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:15vh auto;padding:0 1rem}"
    "input,button{font:inherit;padding:.4rem .6rem}input{width:100%;box-sizing:border-box;margin:.4rem 0}"
    ":root{color-scheme:light dark}"
)

_TOKEN_PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        f"style-src 'sha256-{base64.b64encode(hashlib.sha256(_TOKEN_PAGE_STYLE.encode()).digest()).decode()}'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)

LOCAL = ("localhost", "127.0.0.1", "::1")
COOKIE = "sfumato-studio"
HEADER = "X-Sfumato-Token"
CHUNK = 65_536
"""Bytes of a chunk of a response's body."""
PLOTLY_STYLE = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
"""Hash of the style element that Plotly adds to the page: it is empty, and rules are added by script afterwards."""


def token_page(query: Sequence[tuple[str, str]], *, wrong: bool) -> Response:
    """Return 401 with a form that keeps the other parameters, ``query``; ``wrong`` if a wrong token was given."""
    hidden_inputs = "".join(
        f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">' for name, value in query
    )
    alert = '<p role="alert">This is not the token of this studio.</p>' if wrong else ""
    # The form uses GET, like the printed URL; the response takes the token out of the URL again.
    text = f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sfumato</title><style>{_TOKEN_PAGE_STYLE}</style></head>
<body><main><h1>Sfumato</h1>
<p>This studio needs an access token. It is in the URL that <code>sfumato studio</code> printed when it
started.</p>{alert}
<form method="get">{hidden_inputs}
<label for="token">Token</label>
<input id="token" name="{TOKEN}" type="password" autocomplete="off" required autofocus>
<button>Open</button>
</form></main></body></html>
"""
    return HTMLResponse(text, 401, headers={"Content-Security-Policy": _TOKEN_PAGE_POLICY, "Cache-Control": "no-store"})


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
    """The access rules of a server."""

    host: str = "127.0.0.1"
    """The host that the server is bound to."""
    page_token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    """Token that every POST must have; only the studio's own page knows it."""
    access: str | None = None
    """Access token of a server that others can reach. A request must have it as a cookie, which its URL sets."""
    cookie: str = COOKIE
    """Name of the cookie. Browsers share cookies among all ports of a host, so each studio has its own name."""
    public: Public | None = None
    """The public address of a studio behind a proxy."""

    @staticmethod
    def of(host: str, port: int = 0, runs: Path = Path("runs"), public: Public | None = None) -> Rules:
        """Return the rules of a server bound to a host and port; behind a proxy, others can always reach it."""
        digest = hashlib.sha256(f"{port} {runs.absolute()}".encode(errors="surrogateescape")).hexdigest()[:12]
        is_exposed = host not in LOCAL or public is not None
        return Rules(
            host, access=secrets.token_urlsafe(24) if is_exposed else None, cookie=f"{COOKIE}-{digest}", public=public
        )

    @property
    def prefix(self) -> str:
        """The path of the studio on a proxy's host, without a trailing slash."""
        return "" if self.public is None else self.public.prefix

    def accepts_host(self, host: str) -> bool:
        """Return whether a Host header names this machine, and not a foreign name that resolves to it (DNS rebinding).

        The port is not checked, because a tunnel may change it.
        """
        if any(letter in host for letter in "/\\?#@"):
            return False
        try:
            name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
        except ValueError:
            return False
        if self.public is not None and name == self.public.name:
            return True
        return name in (*LOCAL, self.host.lower()) or (self.host in ("0.0.0.0", "::") and _is_own_name(name))

    def is_own_origin(self, origin: str, host: str) -> bool:
        """Return whether an origin is the studio's: the requested host, or the public address."""
        public = () if self.public is None else (self.public.origin,)
        return origin in (f"http://{host}", f"https://{host}", *public)


def _is_own_name(name: str) -> bool:
    if name == socket.gethostname().lower():
        return True
    try:
        # An IP address cannot be made to resolve elsewhere.
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class Guard:
    """ASGI middleware.

    Everything that changes state is a POST, and a POST must have the page's token, which only the studio's own page can
    read: that keeps other pages from changing anything, whatever cookies a browser sends. `Origin` and `Sec-Fetch-Site`
    are checked in addition, for GET too, so that other pages cannot even cause computation. The cookie only controls
    who may read. So it need not be SameSite=Strict, with which a link from a mail or a wiki would lead to 401: with
    Lax, it is sent when a person follows a link to a page, and with no other cross-site request.
    """

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self._app = app
        self._rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse or forward a request, and add those of `HEADERS` that the response does not set itself."""
        if scope["type"] != "http":
            # There are no WebSocket routes.
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return

        has_started = False
        scope = with_root_path(scope, self._rules.prefix)

        async def guarded(message: Message) -> None:
            nonlocal has_started
            if message["type"] == "http.response.start":
                has_started = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            for chunk in _chunks(message):
                await send(chunk)

        refused = self._refusal(scope)
        try:
            await (refused or self._app)(scope, receive, guarded)
        except Exception as error:
            if has_started:
                raise
            await unexpected(f"{scope['method']} {scope['path']}", error)(scope, receive, guarded)

    def _refusal(self, scope: Scope) -> Response | None:
        headers, rules = Headers(scope=scope), self._rules
        host = headers.get("host", "")
        if len(headers.getlist("host")) != 1 or not rules.accepts_host(host):
            return error_response(403, "The studio is not served under this host name: open the URL that it printed.")
        origin = headers.get("origin")
        if origin is not None and not rules.is_own_origin(origin, host):
            return error_response(403, "The studio takes no requests from other pages.")
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin") and not _is_navigation(headers):
            return error_response(403, "The studio takes no requests from other pages.")
        if rules.access is not None and (refused := self._without_access(scope, headers, rules.access)):
            return refused
        if scope["method"] not in ("GET", "HEAD") and not _equal(headers.get(HEADER), rules.page_token):
            return error_response(403, "The studio was restarted since this page was loaded: reload the page.")
        return None

    def _without_access(self, scope: Scope, headers: Headers, access: str) -> Response | None:
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        tokens = [value for name, value in query if name == TOKEN]
        rest = [(name, value) for name, value in query if name != TOKEN]
        prefix = scope["root_path"]
        if scope["method"] == "GET" and tokens and _equal(tokens[0].strip(), access):
            # A path that starts with two slashes would lead to another host.
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
            return token_page(rest, wrong=bool(tokens))
        return error_response(401, "The studio needs the token that it printed at its start: reload the page.")


def _chunks(message: Message) -> Iterator[Message]:
    """Split a large body, so that each chunk is sent when the client has read the last, and not all is copied."""
    body = message.get("body", b"")
    if message["type"] != "http.response.body" or len(body) <= CHUNK:
        yield message
        return
    view = memoryview(body)
    for start in range(0, len(body), CHUNK):
        more = start + CHUNK < len(body) or message.get("more_body", False)
        yield {"type": message["type"], "body": bytes(view[start : start + CHUNK]), "more_body": more}


def _is_navigation(headers: Headers) -> bool:
    """Return whether a person follows a link to a page."""
    return headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"


def _is_page(scope: Scope, headers: Headers) -> bool:
    """Return whether a browser shows the response as a page."""
    wanted = headers.get("sec-fetch-dest") in (None, "document") and "text/html" in headers.get("accept", "")
    return scope["method"] == "GET" and wanted


def cookies(headers: Iterable[str], name: str) -> list[str]:
    """Return the values of all cookies of a name; malformed cookies of other programs are skipped."""
    pairs = (pair.partition("=") for header in headers for pair in header.split(";"))
    return [value.strip().strip('"') for found, _, value in pairs if found.strip() == name]


def _equal(given: str | None, wanted: str) -> bool:
    return given is not None and hmac.compare_digest(given.encode(), wanted.encode())
