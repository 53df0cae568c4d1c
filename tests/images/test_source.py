from __future__ import annotations

from pathlib import Path

import pytest

from sfumato.errors import PictureError
from sfumato.images import samples, source
from tests.images.made_files import RGB, load, refusal, save, write


def test_a_sample_wins_over_a_file_of_its_exact_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
    assert "does not exist" in refusal("~nobody-of-that-name/a.png")


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("holday.png", "did you mean '{folder}/holiday.png'?"),
        ("holiday.jpg", "did you mean '{folder}/holiday.png'?"),
        ("me.png", "did you mean '{folder}/me.webp'?"),
        ("HOLIDAY.PNG", "did you mean '{folder}/holiday.png'?"),
        ("something-else.jpg", "check the path."),
    ],
)
def test_a_missing_file_brings_its_nearest_neighbor(tmp_path: Path, typed: str, hint: str) -> None:
    save(tmp_path / "holiday.png", RGB)
    save(tmp_path / "me.webp", RGB)
    line = refusal(tmp_path / typed)
    assert "does not exist" in line
    assert "cat, coffee" in line
    assert line.endswith(hint.format(folder=tmp_path))


@pytest.mark.parametrize(
    ("typed", "name"), [("kat", "cat"), ("CAT", "cat"), ("monalisa", "mona-lisa"), ("cofee", "coffee")]
)
def test_a_misspelt_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    assert refusal(typed).endswith(f"did you mean '{name}'?")


def test_a_link_that_leads_nowhere_is_not_its_own_neighbor(tmp_path: Path) -> None:
    (tmp_path / "picture.png").symlink_to("nowhere")
    assert "did you mean" not in refusal(tmp_path / "picture.png")


def test_an_address_is_not_fetched(tmp_path: Path) -> None:
    assert "download the picture" in refusal("https://example.org/cat.jpg")


def test_a_missing_folder(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none" / "a.png").endswith("check the path.")


def test_a_name_of_any_characters_is_told_in_one_line(tmp_path: Path) -> None:
    for name in ("a\nb\x1b[31m.png", "\u202egnp.png"):
        assert "does not exist" in refusal(tmp_path / name)
    with pytest.raises(PictureError, match=r"\\udcff\.png', which does not exist"):
        source.read(str(tmp_path / "\udcff.png"))
    save(tmp_path / "a\nb.png", RGB)
    assert load(tmp_path / "a\nb.png").shape == (5, 7, 3)
