"""Sets of pictures by folder, pattern, and name."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest
from PIL import Image

from sfumato.errors import PictureError
from sfumato.images import kodak, samples, sets, source

SHARED = Path(__file__).parents[3] / "shared" / "kodak"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.png", "a.JPG", "c.webp"):
        Image.new("RGB", (4, 3)).save(tmp_path / name)
    for name in ("README.md", ".hidden.png", "d.png.txt"):
        (tmp_path / name).write_text("no picture")
    (tmp_path / "more.png").mkdir()
    return tmp_path


def test_a_folder_gives_its_pictures_in_the_order_of_their_names(folder: Path) -> None:
    assert [Path(each).name for each in sets.sources(str(folder))] == ["a.JPG", "b.png", "c.webp"]


def test_a_pattern_gives_its_matches(folder: Path) -> None:
    assert [Path(each).name for each in sets.sources(f"{folder}/*.png")] == ["b.png"]
    assert [Path(each).name for each in sets.sources(f"{folder}/**/[bc].*")] == ["b.png", "c.webp"]


@pytest.mark.parametrize("text", ["", "nothing/*.png", "kodac"])
def test_nothing_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(PictureError, match="pictures must be a folder") as caught:
        sets.sources(text)
    assert "\n" not in str(caught.value)


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=r"a folder of pictures \(JPEG.*which has none"):
        sets.sources(str(tmp_path))


def test_too_many_files_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sets, "MAX_FILES", 2)
    with pytest.raises(PictureError, match="at most 2 files"):
        sets.sources(str(folder))


def test_kodak_is_24_samples() -> None:
    found = sets.sources("kodak")
    assert found == [f"kodim{number:02d}" for number in range(1, 25)]
    assert all(samples.is_sample(name) for name in found)


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the Kodak pictures beside the checkout")
def test_a_cached_picture_of_kodak_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SFUMATO_CACHE", str(tmp_path))
    (tmp_path / "kodak").mkdir()
    shutil.copy(SHARED / "kodim07.png", tmp_path / "kodak")
    data = source.read("kodim07")
    assert hashlib.sha256(data).hexdigest() == kodak.SHA256_BY_NAME["kodim07"]


def test_offline_the_message_has_its_own_address(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SFUMATO_CACHE", str(tmp_path))
    monkeypatch.setattr(samples, "TIMEOUT_SECONDS", 0.01)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with pytest.raises(PictureError, match="'kodim03' must be downloaded once") as caught:
        samples.fetch("kodim03")
    for part in (f"{kodak.URL}/kodim03.png", kodak.SHA256_BY_NAME["kodim03"], str(tmp_path / "kodak" / "kodim03.png")):
        assert part in str(caught.value)
