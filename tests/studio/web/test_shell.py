"""The static files of the page."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from sfumato.studio.web.shell import ASSETS


@pytest.mark.slow
def test_referenced_files_exist(studio: TestClient) -> None:
    """Follow all references from pages, style sheets, and modules; no file may be unreferenced."""
    wanted, seen = ["/"], set[str]()
    while wanted:
        address = wanted.pop()
        if address in seen:
            continue
        seen.add(address)
        answer = studio.get(address)
        assert answer.status_code == 200, address
        if address.endswith("plotly.min.js"):
            continue
        named = re.findall(r'(?:from |import\(|src: |src=|href=|url\()"(/assets/[^"]+|\.[^"]+)"', answer.text)
        wanted += [str(answer.url.join(name).path) for name in named]
    assert {address.removeprefix("/assets/") for address in seen if address != "/"} == {
        "plotly.min.js",
        *(path.relative_to(ASSETS).as_posix() for path in ASSETS.rglob("*.*") if path.name != "index.html"),
    }


@pytest.mark.parametrize(
    "name", ["../app.py", "..%2fapp.py", "%2e%2e/app.py", ".hidden.js", "a/b/c.js", "index.html", "", "x\\y.js"]
)
def test_only_assets_are_served(studio: TestClient, name: str) -> None:
    answer = studio.get(f"/assets/{name}")
    assert answer.status_code == 404
    assert b"from __future__" not in answer.content


@pytest.mark.slow
def test_plotly_is_served(studio: TestClient) -> None:
    answer = studio.get("/assets/plotly.min.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert b"plotly.js" in answer.content[:200]
    again = studio.get("/assets/plotly.min.js", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
