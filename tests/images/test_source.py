"""Reading by the name of a sample or the path of a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfumato.errors import PictureError
from sfumato.images import samples, source
from tests.images.made_files import RGB, error_line, load, save, write


def test_samples_take_precedence_over_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "cat", b"a file")
    write(tmp_path, "Cat", b"another")
    assert source.read("cat") == samples.sample_path("cat").read_bytes()
    assert source.read("./cat") == b"a file"
    assert source.read("Cat") == b"another"


def test_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write(tmp_path, "a.png", b"at home")
    assert source.read("~/a.png") == b"at home"
    assert "does not exist" in error_line("~nobody-of-that-name/a.png")


@pytest.mark.parametrize(
    ("source_name", "hint"),
    [
        ("holday.png", "did you mean '{folder}/holiday.png'?"),
        ("holiday.jpg", "did you mean '{folder}/holiday.png'?"),
        ("me.png", "did you mean '{folder}/me.webp'?"),
        ("HOLIDAY.PNG", "did you mean '{folder}/holiday.png'?"),
        ("something-else.jpg", "check the path."),
    ],
)
def test_a_missing_file_suggests_the_nearest_name(tmp_path: Path, source_name: str, hint: str) -> None:
    save(tmp_path / "holiday.png", RGB)
    save(tmp_path / "me.webp", RGB)
    line = error_line(tmp_path / source_name)
    assert "does not exist" in line
    assert "cat, coffee" in line
    assert line.endswith(hint.format(folder=tmp_path))


@pytest.mark.parametrize(
    ("source_name", "name"), [("kat", "cat"), ("CAT", "cat"), ("monalisa", "mona-lisa"), ("cofee", "coffee")]
)
def test_a_misspelled_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source_name: str, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    assert error_line(source_name).endswith(f"did you mean '{name}'?")


def test_a_broken_link_is_not_suggested_for_itself(tmp_path: Path) -> None:
    (tmp_path / "picture.png").symlink_to("nowhere")
    assert "did you mean" not in error_line(tmp_path / "picture.png")


def test_a_url_is_not_fetched(tmp_path: Path) -> None:
    assert "download the picture" in error_line("https://example.org/cat.jpg")


def test_a_missing_folder(tmp_path: Path) -> None:
    assert error_line(tmp_path / "none" / "a.png").endswith("check the path.")


def test_any_name_gives_one_line(tmp_path: Path) -> None:
    for name in ("a\nb\x1b[31m.png", "\u202egnp.png"):
        assert "does not exist" in error_line(tmp_path / name)
    with pytest.raises(PictureError, match=r"\\udcff\.png', which does not exist"):
        source.read(str(tmp_path / "\udcff.png"))
    save(tmp_path / "a\nb.png", RGB)
    assert load(tmp_path / "a\nb.png").shape == (5, 7, 3)
