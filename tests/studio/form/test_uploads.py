"""Pictures that are dropped onto the page."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from sfumato import images
from sfumato.recipe import Picture
from sfumato.studio.form import uploads
from tests.small import picture

pytestmark = pytest.mark.slow

KEPT = ".studio/pictures"


def png(height: int = 9, width: int = 7) -> bytes:
    buffer = io.BytesIO()
    images.as_image(picture(height, width)).save(buffer, format="PNG")
    return buffer.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few kB that promises so many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(bytes(1_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def left(runs: Path) -> list[Path]:
    return [path for path in (runs / KEPT).rglob("*") if path.is_file()]


def test_a_picture_is_kept_and_can_be_learned(studio: TestClient, runs: Path) -> None:
    data = png()
    answer = studio.post("/api/pictures", content=data, headers={"X-Name": "My%20cat%20%C3%A9.PNG"})
    assert answer.status_code == 201
    found = answer.json()
    assert (found["width"], found["height"], found["channels"]) == (7, 9, 3)
    kept = Path(found["source"])
    assert kept == runs / KEPT / hashlib.sha256(data).hexdigest()[:16] / "my-cat.png"
    assert kept.read_bytes() == data
    assert np.array_equal(images.load(Picture(source=found["source"])), picture())
    described = studio.post(
        "/api/describe", json={"picture": found["source"], "changes": {"budget.epochs": "1"}}
    ).json()
    assert (described["width"], described["height"]) == (7, 9)
    # The same once more is the same.
    assert studio.post("/api/pictures", content=data, headers={"X-Name": "My cat.png"}).json() == found
    assert len(left(runs)) == 1


@pytest.mark.parametrize(
    "name",
    [
        "../../outside.png",
        "/etc/cron.d/x",
        "..\\..\\x.png",
        ".hidden",
        "%00.png",
        "%2e%2e%2f%2e%2e%2fx",
        "",
        "\xe9" * 900,
    ],
)
def test_the_name_leads_nowhere(studio: TestClient, runs: Path, name: str) -> None:
    answer = studio.post("/api/pictures", content=png(), headers=[(b"X-Name", name.encode("latin-1"))])
    assert answer.status_code == 201
    (kept,) = left(runs)
    assert kept.suffix == ".png"
    assert kept.parent.parent == runs / KEPT
    assert str(kept) == answer.json()["source"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"no picture at all", "none of these"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "none of these"),
        (png()[:-30], "whole picture"),
        (png()[:20], "whole picture"),
        (bomb(60_000, 60_000), "pixels"),
        (bomb(9_000, 9_000), "pixels"),
        (bomb(4_000, 4_000), "whole picture"),
        (b"GIF89a" + b"\xff" * 4000, "picture"),
        (b"\xff\xd8\xff" + bytes(4000), "picture"),
    ],
    ids=["empty", "text", "svg", "truncated", "head alone", "bomb", "larger bomb", "promises too much", "gif", "jpeg"],
)
def test_what_is_no_picture_is_not_kept(studio: TestClient, runs: Path, data: bytes, words: str) -> None:
    answer = studio.post("/api/pictures", content=data, headers={"X-Name": "holiday.png"})
    assert answer.status_code == 422
    problem = answer.json()["problem"]
    assert words in problem
    assert "\n" not in problem
    assert str(runs) not in problem
    assert "holiday.png" in problem
    assert left(runs) == []


def test_too_many_bytes_are_not_read_to_the_end(
    studio: TestClient, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MOST_BYTES", 1000)
    assert studio.post("/api/pictures", content=bytes(1001)).status_code == 413
    read: list[int] = []

    def parts() -> object:
        for number in range(100):
            read.append(number)
            yield bytes(100)

    # Without a length, as it comes.
    assert studio.post("/api/pictures", content=parts()).status_code == 413  # pyright: ignore[reportArgumentType]
    assert left(runs) == []
    lying = {"Content-Length": "9" * 30}
    assert studio.post("/api/pictures", content=b"x", headers=lying).status_code == 413


def test_an_animation_s_first_frame_counts(studio: TestClient) -> None:
    buffer = io.BytesIO()
    frames = [Image.new("RGB", (6, 4), (20 * number, 0, 0)) for number in range(3)]
    frames[0].save(buffer, format="WEBP", save_all=True, append_images=frames[1:])
    found = studio.post("/api/pictures", content=buffer.getvalue()).json()
    assert (found["width"], found["height"]) == (6, 4)
    assert found["source"].endswith("/picture.webp")
