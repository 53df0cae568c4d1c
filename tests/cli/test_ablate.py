"""``sfumato ablate`` with arguments of the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sfumato.cli.main import main


@pytest.mark.slow
def test_six_hints(tile: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--picture", tile, "--model.width", "6", "--model.depth", "2", "--budget.epochs", "10"]
    assert main(["ablate", "six-hints", *flags, "--out", str(tmp_path / "e")]) == 0
    out = capsys.readouterr().out
    for hint in (
        "leak 0.01",
        "shuffled order",
        "linear output",
        "rate 0.1",
        "small picture first",
        "the advice together",
    ):
        assert any(line.startswith(hint) and "5 paired seeds" in line for line in out.splitlines()), hint


@pytest.mark.slow
def test_any_fields(tile: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--picture", tile, "--model.width", "6", "--budget.epochs", "2", "--seeds", "2"]
    undone = ["--undo", "training.batch=16;training.schedule=constant", "--undo=model.init=he"]
    assert main(["ablate", *undone, *flags, "--out", str(tmp_path / "e")]) == 0
    out = capsys.readouterr().out
    assert "training.batch=512;training.schedule=linear(warmup=0.0, end=0.0): no verdict" in out
    assert "all of it together: no verdict" in out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "ablate must be given either a question or --undo FIELD=VALUE. Got neither or both."),
        (["six-hints", "--undo", "training.sampler=sequential"], "Got neither or both"),
        (
            ["five-hints"],
            "the question must be one of six-hints, rprop-sigmoid. Got 'five-hints'; did you mean 'six-hints'?",
        ),
        (["six-hints", "--preset", "fast"], "leave it out"),
        (["--undo", "model.wdth=3"], "must be field=value;field=value"),
        (["--undo"], "--undo needs a value after it"),
        (["six-hints", "--seeds", "0"], "seeds must be a whole number of 1 or more"),
        (["six-hints", "--picture", "nowhere.png"], "nowhere.png"),
    ],
)
def test_wrong_input_gives_one_line_and_status_2(
    arguments: list[str], message: str, refused: Callable[..., str]
) -> None:
    assert message in refused("ablate", *arguments)
