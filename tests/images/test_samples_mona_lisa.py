"""Download and cache of the picture of 2012."""

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
from sfumato.images import samples
from tests.images.made_files import SHARED, needs_shared

Get = Callable[..., Any]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SFUMATO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def replace_get(monkeypatch: pytest.MonkeyPatch, get: Get) -> list[dict[str, Any]]:
    """Replace `requests.get` by ``get``, and return the list of its requests."""
    sent: list[dict[str, Any]] = []

    def record(url: str, **options: Any) -> Any:
        sent.append({"url": url, **options})
        return get()

    monkeypatch.setattr(requests, "get", record)
    return sent


def content(data: bytes) -> Get:
    def get() -> requests.Response:
        response = requests.Response()
        response.status_code = 200
        response.raw = io.BytesIO(data)
        return response

    return get


def offline() -> Any:
    raise requests.exceptions.ConnectionError("HTTPSConnectionPool(...): Max retries exceeded\nwith a long story")


def error_line() -> str:
    with pytest.raises(PictureError) as caught:
        samples.fetch()
    line = str(caught.value)
    assert line.isprintable()
    assert caught.value.__suppress_context__
    return line


def test_offline(cache: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    sent = replace_get(monkeypatch, offline)
    line = error_line()
    assert sent[0]["url"].startswith("https://raw.githubusercontent.com/evolvingstuff/MonaLisa/f3a7f7edca358ac1e186")
    assert sent[0]["url"].endswith("/data/Mona%20Lisa.jpg")
    assert 0 < sent[0]["timeout"] <= 15
    for part in ("failed (ConnectionError)", str(cache / "mona-lisa.jpg"), samples.URL, samples.SHA256, "cat"):
        assert part in line
    assert "another SHA-256" not in line
    assert capfd.readouterr() == ("", "")


@needs_shared
def test_the_file_is_downloaded_once_and_silently(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    data = (SHARED / "mona-lisa-2012.jpg").read_bytes()
    assert hashlib.sha256(data).hexdigest() == samples.SHA256
    sent = replace_get(monkeypatch, content(data))
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    monkeypatch.setattr(handler, "emit", records.append)
    logger = pooch.get_logger()
    monkeypatch.setattr(logger, "handlers", [handler])
    logger.info("message")
    records.clear()
    for _ in range(3):
        assert samples.fetch().read_bytes() == data
    assert len(sent) == 1
    assert samples.fetch() == cache / "mona-lisa.jpg"
    assert capfd.readouterr() == ("", "")
    assert not records
    logger.info("message")
    assert len(records) == 1


@needs_shared
def test_a_file_put_there_by_hand_is_used(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = replace_get(monkeypatch, offline)
    cache.mkdir()
    shutil.copy(SHARED / "mona-lisa-2012.jpg", cache / "mona-lisa.jpg")
    assert samples.fetch() == cache / "mona-lisa.jpg"
    assert not sent


def test_a_wrong_file(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_get(monkeypatch, content(b"something else"))
    line = error_line()
    assert "does not match" in line
    assert not list(cache.iterdir())
    (cache / "mona-lisa.jpg").write_bytes(b"put there by hand")
    replace_get(monkeypatch, offline)
    assert "The file there now has another SHA-256." in error_line()


def test_a_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("SFUMATO_CACHE", str(tmp_path / "file"))
    replace_get(monkeypatch, content(b"never written"))
    assert "Error)" in error_line()


def test_the_user_s_cache_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in (None, ""):
        if value is None:
            monkeypatch.delenv("SFUMATO_CACHE", raising=False)
        else:
            monkeypatch.setenv("SFUMATO_CACHE", value)
        assert samples.cache_folder() == Path(pooch.os_cache("sfumato"))
