from __future__ import annotations

from pathlib import Path

import av
import pytest
from PIL import Image

import sfumato as sf
from sfumato.cli.main import main
from tests.small import SMALL, picture


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sf.paint(picture(), runs=tmp_path_factory.mktemp("runs"), film="none", **SMALL).folder


@pytest.mark.slow
def test_it_makes_the_film_and_prints_its_path(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["film", str(folder), "--every", "epoch", "--fps=5"]) == 0
    captured = capsys.readouterr()
    assert captured.out == f"film      {folder / 'learning.mp4'}\n"
    assert "film 100%" in captured.err
    with av.open(str(folder / "learning.mp4")) as film:
        assert film.streams.video[0].average_rate == 5


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "width"), [("error", 351), ("beside", 351)])
def test_each_kind_has_a_file_name(folder: Path, kind: str, width: int) -> None:
    flags = ["--every", "epoch", "--size", "351x450", "--format", "gif", "--seconds", "0.5"]
    assert main(["film", str(folder), "--kind", kind, *flags]) == 0
    with Image.open(folder / f"learning-{kind}.gif") as film:
        assert film.size == (width, 450)


@pytest.mark.slow
def test_the_extension_of_out_determines_the_format(folder: Path, tmp_path: Path) -> None:
    assert main(["film", str(folder), "--every", "epoch", "--out", str(tmp_path / "a.WebP")]) == 0
    with Image.open(tmp_path / "a.WebP") as film:
        assert film.format == "WEBP"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "there are no runs in runs; paint one with sfumato paint, or choose another folder (--runs)"),
        (["nowhere"], "'nowhere' must be a run's folder, or a part of a run's name: there are no runs in runs"),
        (["RUN", "--every", "never"], "every must be 'auto', 'moment' or 'epoch'. Got 'never'"),
        (["RUN", "--evry", "epoch"], "--evry is not a flag of sfumato film; did you mean --every?"),
        (["RUN", "--size"], "--size needs a value"),
        (["RUN", "other"], "film takes one"),
        (["RUN", "--every", "week"], "every must be 'auto', 'moment' or 'epoch'. Got 'week'"),
        (["RUN", "--kind", "eror"], "kind must be 'painting', 'error' or 'beside'. Got 'eror'"),
        (["RUN", "--format", "avi"], "format must be 'mp4', 'gif' or 'webp'. Got 'avi'"),
        (["RUN", "--size", "12"], "size must be WIDTHxHEIGHT, each from 2 to 4096, such as 600x858. Got '12'"),
        (["RUN", "--size", "1x400"], "size must be WIDTHxHEIGHT"),
        (["RUN", "--size", "400x5000"], "each from 2 to 4096"),
        (["RUN", "--size", "40x40", "--max-side", "40"], "max_side must be left out where size is given"),
        (["RUN", "--max-side", "x"], "max_side must be a whole number"),
        (["RUN", "--fps", "0"], "fps must be greater than 0"),
        (["RUN", "--fps", "nan"], "fps must be a finite number"),
        (["RUN", "--fps", "60", "--out", "a.gif"], "fps must be at most 50 for a gif. Got 60"),
        (["RUN", "--fps", "100", "--format", "webp"], "fps must be at most 90 for a webp. Got 100"),
        (["RUN", "--size", "601x400"], "size must be two even numbers for an mp4, such as 602x400. Got '601x400'"),
        (["RUN", "--fit", "crop"], "fit crop needs size"),
        (["RUN", "--fit", "stretch"], "fit must be 'pad' or 'crop'. Got 'stretch'"),
        (["RUN", "--seconds", "0"], "seconds must be greater than 0"),
        (["RUN", "--out", "film.avi"], "out must end in .mp4, .gif, .webp. Got 'film.avi'"),
        (["RUN", "--out", "film"], "out must end in"),
        (["RUN", "--out", "a.mp4", "--format", "gif"], "out must end in .gif, as format says"),
        (["RUN", "--out", "nowhere/a.mp4"], "out must be a file in a folder that exists. Got nowhere/a.mp4"),
    ],
)
def test_wrong_input_is_refused(
    arguments: list[str],
    message: str,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["film", *(str(folder) if argument == "RUN" else argument for argument in arguments)]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""
    assert not list(tmp_path.iterdir())
