from __future__ import annotations

import hashlib
import io
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pooch
import pytest
import requests

from sfumato.errors import PictureError
from sfumato.images import mona_lisa
from tests.images.made_files import SHARED, needs_shared

Get = Callable[..., Any]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SFUMATO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def answer(monkeypatch: pytest.MonkeyPatch, get: Get) -> list[dict[str, Any]]:
    """Put ``get`` in the network's place; what was asked of it is listed."""
    asked: list[dict[str, Any]] = []

    def record(url: str, **options: Any) -> Any:
        asked.append({"url": url, **options})
        return get()

    monkeypatch.setattr(requests, "get", record)
    return asked


def content(data: bytes) -> Get:
    def get() -> requests.Response:
        response = requests.Response()
        response.status_code = 200
        response.raw = io.BytesIO(data)
        return response

    return get


def offline() -> Any:
    raise requests.exceptions.ConnectionError("HTTPSConnectionPool(...): Max retries exceeded\nwith a long story")


def refused() -> str:
    with pytest.raises(PictureError) as caught:
        mona_lisa.fetch()
    line = str(caught.value)
    assert line.isprintable()
    assert caught.value.__suppress_context__
    return line


def test_offline(cache: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    asked = answer(monkeypatch, offline)
    line = refused()
    assert asked[0]["url"].startswith("https://raw.githubusercontent.com/evolvingstuff/MonaLisa/f3a7f7edca358ac1e186")
    assert asked[0]["url"].endswith("/data/Mona%20Lisa.jpg")
    assert 0 < asked[0]["timeout"] <= 15
    for part in ("failed (ConnectionError)", str(cache / "mona-lisa.jpg"), mona_lisa.URL, mona_lisa.SHA256, "cat"):
        assert part in line
    assert "another SHA-256" not in line
    assert capfd.readouterr() == ("", "")


@needs_shared
def test_downloaded_once_and_without_noise(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    data = (SHARED / "mona-lisa-2012.jpg").read_bytes()
    assert hashlib.sha256(data).hexdigest() == mona_lisa.SHA256
    asked = answer(monkeypatch, content(data))
    said: list[logging.LogRecord] = []
    listener = logging.Handler()
    monkeypatch.setattr(listener, "emit", said.append)
    logger = pooch.get_logger()
    monkeypatch.setattr(logger, "handlers", [listener])
    logger.info("heard")
    said.clear()
    for _ in range(3):
        assert mona_lisa.fetch().read_bytes() == data
    assert len(asked) == 1
    assert mona_lisa.fetch() == cache / "mona-lisa.jpg"
    assert capfd.readouterr() == ("", "")
    assert not said
    logger.info("heard")
    assert len(said) == 1


@needs_shared
def test_put_there_by_hand(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answer(monkeypatch, offline)
    cache.mkdir()
    shutil.copy(SHARED / "mona-lisa-2012.jpg", cache / "mona-lisa.jpg")
    assert mona_lisa.fetch() == cache / "mona-lisa.jpg"
    assert not asked


def test_a_wrong_file(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, content(b"something else"))
    line = refused()
    assert "does not match" in line
    assert not list(cache.iterdir())
    (cache / "mona-lisa.jpg").write_bytes(b"put there by hand")
    answer(monkeypatch, offline)
    assert "The file there now has another SHA-256." in refused()


def test_a_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("SFUMATO_CACHE", str(tmp_path / "file"))
    answer(monkeypatch, content(b"never written"))
    assert "Error)" in refused()


def test_the_user_s_cache_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in (None, ""):
        if value is None:
            monkeypatch.delenv("SFUMATO_CACHE", raising=False)
        else:
            monkeypatch.setenv("SFUMATO_CACHE", value)
        assert mona_lisa.cache_folder() == Path(pooch.os_cache("sfumato"))
