"""The static files of the page."""

from __future__ import annotations

import gzip
import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.testclient import TestClient

from sfumato.studio.web import shell
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


def test_a_file_is_compressed_once(studio: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    compressed: list[int] = []
    compress = gzip.compress

    def slow(data: bytes, *arguments: Any, **more: Any) -> bytes:
        compressed.append(len(data))
        time.sleep(0.2)
        return compress(data, *arguments, **more)

    shell._read.cache_clear()
    monkeypatch.setattr(shell.gzip, "compress", slow)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: studio.get("/assets/core/format.js"), range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(compressed) == 1


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
