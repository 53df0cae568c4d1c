"""The page of someone who has not said the token yet: it asks for it, and goes on to where they wanted to go."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Sequence

from starlette.responses import HTMLResponse, Response

TOKEN = "token"
"""In an address, the parameter that lets in."""

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


def page(asked: Sequence[tuple[str, str]], *, wrong: bool) -> Response:
    """401, with a form. ``asked``: the rest of the address's query, which is kept; ``wrong``: a token was said."""
    kept = "".join(
        f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">' for name, value in asked
    )
    said = '<p role="alert">That is not the token of this studio.</p>' if wrong else ""
    # By GET, as the address that was printed has it: the answer takes the token out of the address again.
    text = f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sfumato</title><style>{_STYLE}</style></head>
<body><main><h1>Sfumato</h1>
<p>This studio lets in who knows its token. It is in the address that <code>sfumato studio</code> printed when it was
started.</p>{said}
<form method="get">{kept}
<label for="token">Token</label>
<input id="token" name="{TOKEN}" type="password" autocomplete="off" required autofocus>
<button>Open</button>
</form></main></body></html>
"""
    return HTMLResponse(text, 401, headers={"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"})
