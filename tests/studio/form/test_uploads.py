"""Uploaded pictures."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import struct
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from PIL import Image
from starlette.requests import ClientDisconnect, Request
from starlette.testclient import TestClient

from sfumato import images
from sfumato.images import structure
from sfumato.recipe import Picture
from sfumato.studio.form import uploads
from sfumato.studio.form.uploads import Uploads
from sfumato.studio.web.errors import Problem
from tests.awaited import awaited
from tests.runs import made
from tests.small import picture

pytestmark = pytest.mark.slow

PICTURES_FOLDER = ".studio/pictures"


def png(height: int = 9, width: int = 7) -> bytes:
    buffer = io.BytesIO()
    images.as_image(picture(height, width)).save(buffer, format="PNG")
    return buffer.getvalue()


def bomb(width: int, height: int) -> bytes:
    """Return a PNG of a few kB that declares many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(bytes(1_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def stored_files(runs: Path) -> list[Path]:
    return [path for path in (runs / PICTURES_FOLDER).rglob("*") if path.is_file()]


def test_a_picture_is_stored_and_can_be_learned(studio: TestClient, runs: Path) -> None:
    data = png()
    answer = studio.post("/api/pictures", content=data, headers={"X-Name": "My%20cat%20%C3%A9.PNG"})
    assert answer.status_code == 201
    found = answer.json()
    assert (found["width"], found["height"], found["channels"]) == (7, 9, 3)
    kept = Path(found["source"])
    assert kept == runs / PICTURES_FOLDER / hashlib.sha256(data).hexdigest()[:16] / "my-cat.png"
    assert kept.read_bytes() == data
    assert np.array_equal(images.load(Picture(source=found["source"])), picture())
    described = studio.post(
        "/api/describe", json={"picture": found["source"], "changes": {"budget.epochs": "1"}}
    ).json()
    assert (described["width"], described["height"]) == (7, 9)
    # The process that decodes a picture also refuses one.
    refused = studio.post("/api/pictures", content=data[:-30], headers={"X-Name": "half.png"})
    assert refused.status_code == 422
    assert "half.png" in refused.json()["problem"]
    assert stored_files(runs) == [kept]


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
@pytest.mark.usefixtures("decoder_in_process")
def test_a_name_does_not_leave_the_folder(studio: TestClient, runs: Path, name: str) -> None:
    answer = studio.post("/api/pictures", content=png(), headers=[(b"X-Name", name.encode("latin-1"))])
    assert answer.status_code == 201
    (kept,) = stored_files(runs)
    assert kept.suffix == ".png"
    assert kept.parent.parent == runs / PICTURES_FOLDER
    assert str(kept) == answer.json()["source"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"no picture at all", "none of these"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "none of these"),
        (png()[:-30], "intact picture file"),
        (png()[:20], "intact picture file"),
        (bomb(60_000, 60_000), "pixels"),
        (bomb(9_000, 9_000), "pixels"),
        (bomb(4_000, 4_000), "intact picture file"),
        (b"GIF89a" + b"\xff" * 4000, "picture"),
        (b"\xff\xd8\xff" + bytes(4000), "picture"),
    ],
    ids=["empty", "text", "svg", "truncated", "head alone", "bomb", "larger bomb", "promises too much", "gif", "jpeg"],
)
@pytest.mark.usefixtures("decoder_in_process")
def test_an_invalid_picture_is_not_stored(studio: TestClient, runs: Path, data: bytes, words: str) -> None:
    answer = studio.post("/api/pictures", content=data, headers={"X-Name": "holiday.png"})
    assert answer.status_code == 422
    problem = answer.json()["problem"]
    assert words in problem
    assert "\n" not in problem
    assert str(runs) not in problem
    assert "holiday.png" in problem
    assert stored_files(runs) == []


def test_too_many_bytes_are_not_read_to_the_end(
    studio: TestClient, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MAX_BYTES", 1000)
    assert studio.post("/api/pictures", content=bytes(1001)).status_code == 413
    read: list[int] = []

    def parts() -> object:
        for number in range(100):
            read.append(number)
            yield bytes(100)

    # A chunked body without a Content-Length.
    assert studio.post("/api/pictures", content=parts()).status_code == 413  # pyright: ignore[reportArgumentType]
    assert stored_files(runs) == []
    lying = {"Content-Length": "9" * 30}
    assert studio.post("/api/pictures", content=b"x", headers=lying).status_code == 413


@pytest.mark.usefixtures("decoder_in_process")
def test_an_animation_s_first_frame_is_taken(studio: TestClient) -> None:
    buffer = io.BytesIO()
    frames = [Image.new("RGB", (6, 4), (20 * number, 0, 0)) for number in range(3)]
    frames[0].save(buffer, format="WEBP", save_all=True, append_images=frames[1:])
    found = studio.post("/api/pictures", content=buffer.getvalue()).json()
    assert (found["width"], found["height"]) == (6, 4)
    assert found["source"].endswith("/picture.webp")


@pytest.mark.usefixtures("decoder_in_process")
def test_the_same_bytes_are_stored_once(studio: TestClient, runs: Path) -> None:
    first, *more = (
        studio.post("/api/pictures", content=png(), headers={"X-Name": name}) for name in ("a.png", "a.png", "b.gif")
    )
    assert first.status_code == 201
    assert [each.json() for each in more] == [first.json()] * 2
    assert len(stored_files(runs)) == 1


@pytest.mark.parametrize(
    ("format", "ending"),
    [
        ("PNG", "png"),
        ("JPEG", "jpg"),
        ("GIF", "gif"),
        ("BMP", "bmp"),
        ("TIFF", "tif"),
        ("WEBP", "webp"),
        ("AVIF", "avif"),
    ],
)
@pytest.mark.usefixtures("decoder_in_process")
def test_the_suffix_is_that_of_the_content(studio: TestClient, runs: Path, format: str, ending: str) -> None:
    buffer = io.BytesIO()
    images.as_image(picture()).save(buffer, format=format)
    answer = studio.post("/api/pictures", content=buffer.getvalue(), headers={"X-Name": "holiday.txt"})
    assert answer.status_code == 201, answer.text
    (kept,) = stored_files(runs)
    assert kept.name == f"holiday.{ending}"


@pytest.mark.parametrize(
    ("brands", "ending"),
    [
        (b"heic" + bytes(4) + b"mif1heic", "heic"),
        (b"mif1" + bytes(4) + b"mif1heic", "heic"),
        (b"msf1" + bytes(4) + b"hevc", "heic"),
        (b"avif" + bytes(4) + b"mif1miaf", "avif"),
        (b"mif1" + bytes(4) + b"avifmiaf", "avif"),
        (b"mif1" + bytes(4) + b"mif1", "heif"),
    ],
)
def test_the_suffix_of_a_heif_file_follows_its_brands(brands: bytes, ending: str) -> None:
    start = struct.pack(">I", 8 + len(brands)) + b"ftyp" + brands + b"\0\0\0\x08heic"
    assert structure.ending(start) == ending


@pytest.mark.usefixtures("decoder_in_process")
def test_there_is_a_quota(studio: TestClient, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_TOTAL_BYTES", 3 * len(png()) // 2)
    assert studio.post("/api/pictures", content=png()).status_code == 201
    answer = studio.post("/api/pictures", content=png(10))
    assert answer.status_code == 507
    assert "stores at most" in answer.json()["problem"]
    assert "Delete some" in answer.json()["problem"]
    assert len(stored_files(runs)) == 1
    (listed,) = studio.get("/api/pictures").json()["pictures"]
    assert studio.post("/api/pictures/delete", json={"source": listed["source"]}).status_code == 200
    assert stored_files(runs) == []
    assert studio.post("/api/pictures", content=png(10)).status_code == 201


@pytest.mark.parametrize(
    "where", ["outside.png", "runs/one/picture.npy", "runs/.studio/pictures/../../one/picture.npy", ""]
)
def test_nothing_else_can_be_deleted(studio: TestClient, runs: Path, where: str) -> None:
    folder = made.run(runs, "one")
    (folder / "picture.npy").write_bytes(b"x")
    (runs.parent / "outside.png").write_bytes(png())
    (runs / PICTURES_FOLDER / "aa").mkdir(parents=True)
    (runs / PICTURES_FOLDER / "aa" / "link.png").symlink_to(runs.parent / "outside.png")
    for source in (runs.parent / where, runs / PICTURES_FOLDER / "aa" / "link.png", runs / PICTURES_FOLDER / "aa"):
        assert studio.post("/api/pictures/delete", json={"source": str(source)}).status_code == 404
    assert (runs.parent / "outside.png").exists()
    assert (folder / "picture.npy").exists()


@pytest.mark.usefixtures("decoder_in_process")
def test_partial_uploads_of_a_killed_studio_are_deleted(studio: TestClient, runs: Path) -> None:
    folder = runs / PICTURES_FOLDER
    folder.mkdir(parents=True)
    old, new = folder / ".0011223344556677.partial", folder / ".8899aabbccddeeff.partial"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    assert studio.post("/api/pictures", content=png()).status_code == 201
    assert not old.exists()
    assert new.exists(), "another studio may be writing it"


def test_simultaneous_uploads_are_limited(runs: Path) -> None:
    all_there = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        await all_there.wait()
        raise ClientDisconnect
        yield b""

    async def send(studio: Uploads) -> int:
        request = SimpleNamespace(headers={}, stream=body)
        with pytest.raises(Problem) as refused:
            await studio.store(cast("Request", request))
        return refused.value.status

    async def many() -> list[int]:
        studio = Uploads(runs)
        asked = [asyncio.create_task(send(studio)) for _ in range(20)]
        await asyncio.sleep(0.05)
        all_there.set()
        return await asyncio.gather(*asked)

    assert sorted(awaited(many())) == [400] * uploads.MAX_UPLOADS + [503] * (20 - uploads.MAX_UPLOADS)
    assert stored_files(runs) == []
