"""The page that asks for the token, and then redirects to the requested page."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Sequence

from starlette.responses import HTMLResponse, Response

TOKEN = "token"
"""Query parameter of the access token."""

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:15vh auto;padding:0 1rem}"
    "input,button{font:inherit;padding:.4rem .6rem}input{width:100%;box-sizing:border-box;margin:.4rem 0}"
    ":root{color-scheme:light dark}"
)

_POLICY = "; ".join(
    (
        "default-src 'none'",
        f"style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


def page(query: Sequence[tuple[str, str]], *, wrong: bool) -> Response:
    """Return 401 with a form that keeps the other parameters, ``query``; ``wrong`` if a wrong token was given."""
    hidden_inputs = "".join(
        f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">' for name, value in query
    )
    alert = '<p role="alert">This is not the token of this studio.</p>' if wrong else ""
    # The form uses GET, like the printed URL; the response takes the token out of the URL again.
    text = f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sfumato</title><style>{_STYLE}</style></head>
<body><main><h1>Sfumato</h1>
<p>This studio needs an access token. It is in the URL that <code>sfumato studio</code> printed when it
started.</p>{alert}
<form method="get">{hidden_inputs}
<label for="token">Token</label>
<input id="token" name="{TOKEN}" type="password" autocomplete="off" required autofocus>
<button>Open</button>
</form></main></body></html>
"""
    return HTMLResponse(text, 401, headers={"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"})
