"""``sfumato speedrun``."""

from __future__ import annotations

import json
import signal
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sfumato.cli.main import main
from sfumato.cli.progress import StagesProgress
from sfumato.lab.speedrun import report, tracks
from sfumato.lab.speedrun.speedrun import PROGRESS_UNITS
from tests.lab.speedrun import made
from tests.small import picture


@pytest.fixture
def tile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Substitute a small picture for the Mona Lisa, and reduce the seeds of the tracks; return the picture's file."""
    path = tmp_path / "tile.png"
    Image.fromarray((picture(16, 12) * 255).round().astype(np.uint8)).save(path)
    made.stand_in(path, monkeypatch)
    return path


def printed(capsys: pytest.CaptureFixture[str], *arguments: str | Path, status: int = 0) -> str:
    assert main(["speedrun", *map(str, arguments)]) == status
    return capsys.readouterr().out


@pytest.mark.slow
def test_the_closed_track(tile: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "results.json"
    flags = ["--picture", tile, "--budget.epochs", "2", "--training.batch", "64", "--threads", "1"]
    out = printed(capsys, *flags, "--append", file)
    (found,) = report.read(file)
    assert out == "\n".join(report.lines(found)) + f"\nadded to    {file}\n"
    assert [row["seed"] for row in found["trials"]] == [100, 101, 102]
    assert {row["steps"] for row in found["trials"]} == {6}
    assert (found["name"], found["machine"]["threads"], found["engine"]) == ("custom", 1, "fused")
    assert found["reached"] is False
    assert str(tile) not in file.read_text()
    printed(capsys, *flags, "--append", file, "--seeds", "tuning")
    assert [row["seeds"] for row in report.read(file)] == ["official", "tuning"]
    assert printed(capsys, "--table", file) == "\n".join(report.table([found])) + "\n"


@pytest.mark.slow
def test_json_is_what_is_appended(tile: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "results.json"
    flags = ["--picture", tile, "--budget.epochs", "1", "--training.batch", "64", "--threads", "1", "--append", file]
    assert json.loads(printed(capsys, *flags, "--json")) == report.read(file)[0]


@pytest.mark.slow
def test_a_recorded_result_can_be_reproduced(tile: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "results.json"
    flags = ["--picture", tile, "--threads", "1", "--append", file]
    printed(capsys, *flags, "--training.batch", "32")
    printed(capsys, *flags, "--recipe", report.read(file)[0]["recipe"])
    first, second = report.read(file)
    assert [row["psnr"] for row in first["trials"]] == [row["psnr"] for row in second["trials"]]


@pytest.mark.slow
def test_the_open_track(tile: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(capsys, "--track", "open", "--picture", tile, "--model.width", "16", "--threads", "1")
    assert "track       open: " in out
    assert "verdict" in out
    assert "2012  " not in out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--track", "ajar"], "track must be one of closed, open. Got 'ajar'."),
        (["--seeds", "mine"], "seeds must be one of official, tuning. Got 'mine'."),
        (["--model.width", "400"], "model.width must be 4 hidden layers of 300."),
        (["--model.activation", "sine"], "model.activation must be leaky_relu(negative_slope=0.01)."),
        (["--preset", "source-2012"], "Got 300,300,300,300,300,300."),
        (["--seed", "1"], "seed must be left to the track closed: its seeds are fixed."),
        (["--track", "open", "--budget.seconds", "20"], "budget.seconds must be left to the track open"),
        (["--budget.psnr", "28"], "must have budget.epochs, budget.steps or budget.seconds"),
        (["--budget.epochs", "1", "--budget.psnr", "28"], "budget.psnr must be none"),
        (["--append", "no/such/folder.json"], "append must be a file in a folder that exists"),
        (["--table", "none.json"], "It does not exist."),
        (["--picture", "none.png"], "picture.source"),
        (["--engine", "replica"], "engine replica cannot train this recipe"),
        (["mona-lisa"], "speedrun takes only flags. Got 'mona-lisa'"),
        (["--trak", "open"], "did you mean --track?"),
    ],
)
def test_wrong_input_is_refused(
    arguments: Sequence[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["speedrun", *arguments]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert len([line for line in captured.err.splitlines() if line.startswith("sfumato: ")]) == 1
    assert captured.out == ""
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_another_picture_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tile = Path(__file__).parents[1] / "data" / "tile-13x9.png"
    assert main(["speedrun", "--picture", str(tile), "--append", str(tmp_path / "results.json")]) == 2
    assert "mona-lisa, 300x429, with the values of 2012" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_ctrl_c_leaves_no_result(
    tile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupted_at: list[int] = []

    def interrupted(_: StagesProgress, name: str, done: int, total: int) -> None:
        if name == "seeds" and done and not interrupted_at:
            # During the first of three trainings, after one or two epochs.
            interrupted_at.append(done)
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(StagesProgress, "stage", interrupted)
    file = tmp_path / "results.json"
    flags = ["--picture", tile, "--budget.epochs", "2000", "--threads", "1"]
    assert main(["speedrun", *map(str, flags), "--append", str(file)]) == 130
    out, err = capsys.readouterr()
    assert out == ""
    assert err.endswith("sfumato: interrupted; a speedrun without all of its seeds has no result.\n")
    assert interrupted_at
    assert interrupted_at[0] < PROGRESS_UNITS
    assert not file.exists()


def test_the_results_in_the_repository_are_those_of_the_page() -> None:
    root = Path(__file__).parents[2]
    rows = report.table(report.read(root / "benchmarks" / "results" / "speedrun.json"))
    page = (root / "docs" / "speedrun.md").read_text(encoding="utf-8")
    assert "\n".join(rows) in page, "put what sfumato speedrun --table benchmarks/results/speedrun.json prints there"
    for result in json.loads((root / "benchmarks" / "results" / "speedrun.json").read_text()):
        assert result["rules"] == tracks.RULES
