"""Texts are compressed; events, pictures, and short texts are not."""

from __future__ import annotations

import io
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

import sfumato as sf
from sfumato.studio.web import shell
from tests.studio.client import TOKEN


@pytest.mark.parametrize("path", ["/", "/api/form", "/assets/core/app.js", "/assets/styles/shell.css"])
def test_texts_are_compressed(studio: TestClient, path: str) -> None:
    answer = studio.get(path, headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert "accept-encoding" in answer.headers["vary"].lower()
    assert answer.text == studio.get(path, headers={"Accept-Encoding": "identity"}).text
    if etag := answer.headers.get("etag"):
        assert studio.get(path, headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.slow
def test_a_file_of_the_page_is_compressed_once(studio: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    deflated: list[int] = []
    whole, bit_by_bit = zlib.compress, zlib.compressobj

    def compress(data: bytes, *some: Any, **more: Any) -> bytes:
        deflated.append(len(data))
        return whole(data, *some, **more)

    def compressobj(*some: Any, **more: Any) -> Any:
        deflated.append(0)
        return bit_by_bit(*some, **more)

    monkeypatch.setattr(zlib, "compress", compress)
    monkeypatch.setattr(zlib, "compressobj", compressobj)
    shell._read.cache_clear()
    first, again = (studio.get("/assets/plotly.min.js", headers={"Accept-Encoding": "gzip"}) for _ in range(2))
    assert first.headers["content-encoding"] == again.headers["content-encoding"] == "gzip"
    assert len(deflated) == 1
    assert int(again.headers["content-length"]) < len(again.content) / 2
    assert "content-encoding" not in studio.get("/assets/plotly.min.js", headers={"Accept-Encoding": "br"}).headers


def test_pictures_are_not_compressed(over_trained: TestClient, trained: sf.Run) -> None:
    answer = over_trained.get(f"/api/runs/{trained.folder.name}/target.png", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in answer.headers
    assert Image.open(io.BytesIO(answer.content)).size == (16, 20)


def test_events_are_not_compressed(trained: sf.Run, tmp_path: Path) -> None:
    # The middleware excludes them by their media type.
    from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES

    from sfumato.studio.run.routes import stream
    from sfumato.studio.run.watcher import Watchers

    kind = stream(Watchers(), trained.folder).headers["content-type"].partition(";")[0]
    assert kind in DEFAULT_EXCLUDED_CONTENT_TYPES


def test_no_foreign_text_is_compressed_with_the_token(studio: TestClient) -> None:
    # Otherwise the compressed size would reveal the token (BREACH).
    page = studio.get("/runs/chosen-by-somebody?also=chosen-by-somebody", headers={"Referer": "chosen-by-somebody"})
    assert TOKEN in page.text
    assert "chosen-by-somebody" not in page.text
