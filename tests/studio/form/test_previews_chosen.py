"""Previews of pictures that a form names, and of no other file."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

import sfumato as sf
from sfumato.studio.form import previews

PICTURE = "/api/picture"


def small(data: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(data)) as image:
        return image.size


@pytest.mark.slow
@pytest.mark.usefixtures("decoder_in_process")
def test_an_uploaded_picture_has_a_preview(studio: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[Any] = []
    run = subprocess.run
    monkeypatch.setattr(previews.subprocess, "run", lambda *some, **more: decoded.append(some) or run(*some, **more))
    buffer = io.BytesIO()
    Image.new("RGB", (600, 300), (200, 90, 40)).save(buffer, format="TIFF")
    source = studio.post("/api/pictures", content=buffer.getvalue(), headers={"X-Name": "a%20house.tif"}).json()[
        "source"
    ]
    found = studio.get(PICTURE, params={"source": source}).json()
    assert (found["width"], found["height"]) == (600, 300)
    answer = studio.get(found["thumbnail"])
    assert answer.headers["content-type"] == "image/webp"
    assert small(answer.content) == (256, 128)
    assert studio.get(found["thumbnail"]).content == answer.content
    assert len(decoded) == 1
    studio.post("/api/pictures/delete", json={"source": source})
    assert studio.get(found["thumbnail"]).status_code == 404


@pytest.mark.slow
def test_a_stored_picture_has_a_preview(over_trained: TestClient, trained: sf.Run) -> None:
    found = over_trained.get(PICTURE, params={"source": "array"}).json()
    assert (found["width"], found["height"]) == (16, 20)
    assert small(over_trained.get(found["thumbnail"]).content) == (16, 20)


@pytest.mark.parametrize(
    "source", ["", "cat", "/etc/passwd", "here.png", "../here.png", ".studio/pictures/../../here.png"]
)
def test_no_other_file_is_shown(studio: TestClient, runs: Path, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("RGB", (3, 2)).save(runs / "here.png")
    monkeypatch.chdir(runs)
    for path in (PICTURE, f"{PICTURE}.webp"):
        assert studio.get(path, params={"source": source}).status_code == 404
