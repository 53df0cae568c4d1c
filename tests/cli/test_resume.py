"""The commands resume, pause, and stop."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import sfumato as sf
from sfumato.cli.main import main
from tests.patience import PATIENCE, eventually, process
from tests.small import SMALL, picture


@pytest.mark.slow
def test_resume_prints_the_paths_of_the_results(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = sf.paint(picture(), runs=tmp_path, film="none", stop=lambda: True, **SMALL)
    assert main(["resume", str(run.folder)]) == 0
    out = capsys.readouterr().out
    assert str(run.folder / "learning.mp4") in out
    assert "after 3.00 epochs" in out
    assert main(["resume", str(run.folder)]) == 2
    assert "must be unfinished" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["resume"], "there are no runs in runs; paint one with sfumato paint"),
        (["resume", "nowhere"], "'nowhere' must be a run's folder"),
        (["resume", "."], "cannot read run.json"),
        (["stop", "nowhere"], "'nowhere' must be a run's folder"),
        (["pause", "nowhere"], "'nowhere' must be a run's folder"),
        (["resume", "nowhere", "--film.evry", "epoch"], "did you mean --film.every?"),
    ],
)
def test_wrong_input(
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.slow
def test_pause_resume_stop(tmp_path: Path) -> None:
    image = tmp_path / "tile.png"
    Image.fromarray((picture() * 255).round().astype(np.uint8)).save(image)
    flags = ["--model.depth", "2", "--model.width", "16", "--training.batch", "16", "--threads", "1"]
    flags += ["--budget.seconds", "1000", "--film.every", "never"]
    command = [sys.executable, "-m", "sfumato", "paint", str(image), *flags, "--runs", str(tmp_path / "runs")]

    def status() -> str | None:
        found = list(tmp_path.glob("runs/*/run.json"))
        return json.loads(found[0].read_text())["status"] if found else None

    def wait_for(expected: str) -> None:
        eventually(lambda: status() == expected)

    with process(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as painting:
        wait_for("running")
        (folder,) = (tmp_path / "runs").iterdir()
        assert main(["pause", str(folder)]) == 0
        wait_for("paused")
        assert main(["resume", str(folder)]) == 0
        wait_for("running")
        assert main(["stop", str(folder)]) == 0
        out, _ = painting.communicate(timeout=PATIENCE)
    assert painting.returncode == 0
    assert "stopped after" in out
    assert status() == "stopped"
