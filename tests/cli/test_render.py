from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

import sfumato as sf
from sfumato.cli.main import main
from tests.small import SMALL, picture


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sf.paint(picture(), runs=tmp_path_factory.mktemp("runs"), film="none", **SMALL).folder


@pytest.mark.slow
def test_it_paints_and_prints_the_path(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "large.png"
    # A crop that starts with a minus is a value, not a flag.
    assert main(["render", str(folder), "--size", "70x90", "--crop", "-0.5,-0.5,1.5,1.5", "--out", str(out)]) == 0
    captured = capsys.readouterr()
    assert captured.out == f"picture   {out}\n"
    assert "render 100%" in captured.err
    with Image.open(out) as image:
        assert image.size == (70, 90)


@pytest.mark.slow
def test_it_draws_neurons_and_their_films(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--neurons", "all", "--film", "mp4", "--size", "10x12", "--out", str(tmp_path / "n.png")]
    assert main(["render", str(folder), *flags]) == 0
    names = ["n-1.png", "n-1.mp4", "n-2.png", "n-2.mp4"]
    kinds = ["picture  ", "film     "] * 2
    expected = [f"{kind} {tmp_path / name}" for kind, name in zip(kinds, names, strict=True)]
    assert capsys.readouterr().out.splitlines() == expected
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "there are no runs in runs; paint one with sfumato paint"),
        (["nowhere"], "'nowhere' must be a run's folder"),
        (["RUN", "--neuron", "1"], "--neuron is not a flag of sfumato render; did you mean --neurons?"),
        (["RUN", "--crop", "--size", "3x3"], "--crop needs a value"),
        (["RUN", "--size", "big"], "size must be WIDTHxHEIGHT"),
        (["RUN", "--size", "20000x20000"], "size must have at most 200,000,000 pixels. Got 20000x20000 = 400,000,000"),
        (["RUN", "--crop", "0,0,1"], "crop must be TOP,LEFT,BOTTOM,RIGHT, such as"),
        (["RUN", "--crop", "0,0,1,x"], "crop must be TOP,LEFT,BOTTOM,RIGHT, such as"),
        (["RUN", "--crop", "0.5,0,0.5,1"], "crop must have BOTTOM below TOP: 0.5 must be more than 0.5"),
        (["RUN", "--crop", "0,1,1,-1"], "crop must have RIGHT after LEFT: -1 must be more than 1"),
        (["RUN", "--crop", "0,0,nan,1"], "crop must be within 1000 picture sizes"),
        (["RUN", "--crop", "0,0,inf,1"], "crop must be within 1000 picture sizes"),
        (["RUN", "--moment", "first"], "moment must be last, a step such as 500, or an epoch such as epoch=2.5"),
        (["RUN", "--moment", "-3"], "moment must be last"),
        (["RUN", "--moment", "epoch=nan"], "moment must be last"),
        (["RUN", "--moment", "epoch=inf"], "moment must be last"),
        (["RUN", "--neurons", "0"], "neurons must be the number of a hidden layer"),
        (["RUN", "--neurons", "3"], "neurons must be a hidden layer from 1 to 2, or all. Got 3"),
        (["RUN", "--neurons", "1", "--film", "avi"], "film must be 'mp4', 'gif' or 'webp'. Got 'avi'"),
        (["RUN", "--film", "mp4"], "film needs neurons"),
        (["RUN", "--out", "a.jpg"], "out must end in .png. Got 'a.jpg'"),
        (["RUN", "--out", "nowhere/a.png"], "out must be a file in a folder that exists"),
        (["RUN", "--out", "nowhere/a.png", "--neurons", "all"], "out must be a file in a folder that exists"),
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
    assert main(["render", *(str(folder) if argument == "RUN" else argument for argument in arguments)]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["film", "render"])
def test_help_names_every_flag(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    out = capsys.readouterr().out
    for flag in {"film": ["--every", "--max-side"], "render": ["--crop", "--neurons", "--film"]}[command]:
        assert flag in out
