"""``sfumato describe``."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfumato.cli.main import main
from tests.runs import made


def described(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert main(["describe", *arguments]) == 0
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.slow
def test_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    lines = described(capsys)
    assert lines[0] == "2 -> [300 leaky_relu] x4 -> 3"
    assert "| 300 leaky_relu | x 4 271,800 parameters" in lines
    assert "picture 300x429, 128,700 pixels (rgb assumed)" in lines
    assert "budget 3 s of training" in lines


@pytest.mark.slow
def test_flags_presets_and_pixels(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--preset", "blog-2012", "--model.depth", "2", "--budget.epochs", "3", "--pixels", "10x20"]
    lines = described(capsys, *arguments)
    assert lines[0] == "2 -> [300 leaky_relu] x2 -> 3"
    assert "picture 10x20, 200 pixels" in lines
    assert "budget 600 steps (3 epochs), 329 MFLOP" in lines


@pytest.mark.slow
def test_pixels_are_those_of_the_training(capsys: pytest.CaptureFixture[str]) -> None:
    assert "picture 100x143, 14,300 pixels (rgb assumed)" in described(capsys, "--picture.max-side", "143")
    lines = described(capsys, "--picture.max-side", "143", "--pixels", "300x429")
    assert "picture 300x429, 128,700 pixels (rgb assumed)" in lines


def test_network_of_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = made.run(tmp_path, "a", model={"width": (20, 10)})
    assert described(capsys, "--recipe", str(folder))[0] == "2 -> [20 leaky_relu] -> [10 leaky_relu] -> 3"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--pixels", "3"], "pixels must be WIDTHxHEIGHT, each from 2 to 16384, such as 300x429. Got '3'"),
        (["cat"], "describe takes only flags. Got 'cat'"),
        (["--modle.depth", "3"], "did you mean --model.depth?"),
        (["--model.width", "0"], "model.width must be from 1"),
    ],
)
def test_wrong_input_is_refused(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["describe", *arguments]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""
