"""A client of a studio in this process, as a browser on this computer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from sfumato.studio.app import create
from sfumato.studio.web.guard import HEADER, Rules

ADDRESS = "http://127.0.0.1:8011"
TOKEN = "a-token-for-tests"


def client(runs: Path, *, token: str | None = TOKEN, address: str = ADDRESS, **rules: Any) -> TestClient:
    """Return a client of a studio over ``runs``; every request has the page's token, or ``token``, or none."""
    app = create(
        runs,
        Rules(page_token=TOKEN, **rules),
        experiments_folder=runs.with_name("experiments"),
        sweeps_folder=runs.with_name("sweeps"),
        warm=False,
    )
    headers = {} if token is None else {HEADER: token}
    return TestClient(app, base_url=address, headers=headers, raise_server_exceptions=False)
