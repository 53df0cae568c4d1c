"""``sfumato paint`` with arguments of the command line; in a separate process for signals and pipes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sfumato.cli.main import main
from tests.patience import PATIENCE, eventually, process
from tests.small import picture

NETWORK = ["--model.depth", "2", "--model.width", "16", "--training.batch", "16", "--threads", "1"]
SMALL = [*NETWORK, "--budget.epochs", "3"]


@pytest.fixture
def tile(tmp_path: Path) -> Path:
    path = tmp_path / "tile.png"
    Image.fromarray((picture() * 255).round().astype(np.uint8)).save(path)
    return path


@pytest.mark.slow
@pytest.mark.usefixtures("curves")
def test_paint_prints_the_paths_of_the_results(tile: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["paint", str(tile), *SMALL, "--runs", str(tmp_path / "runs"), "--evaluation.interval", "epoch"]) == 0
    out, err = capsys.readouterr()
    (folder,) = (tmp_path / "runs").iterdir()
    for name in ("painting.png", "learning.mp4", "curve.svg"):
        assert str(folder / name) in out
        assert (folder / name).stat().st_size > 100
    assert "dB after 3.00 epochs" in out
    assert "100%  epoch 3.00" in err
    assert "nan" not in err
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == [1, 2, 3]


@pytest.mark.slow
def test_json_is_the_only_output(tile: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--runs", str(tmp_path / "runs"), "--film.every", "never", "--json"]
    assert main(["paint", str(tile), *SMALL, *flags]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert (found["state"], found["run"]["result"]["epoch"]) == ("done", 3.0)
    assert Path(found["folder"]).is_dir()
    assert "100%" in err


@pytest.mark.slow
def test_flags_reach_the_recipe(tile: Path, tmp_path: Path) -> None:
    flags = [
        "--model.activation",
        "sine(3)",
        "--training.optimizer=adam(lr=1e-3)",
        "--seed",
        "-7",
        "--film.every",
        "never",
    ]
    assert main(["paint", str(tile), *SMALL, *flags, "--picture.max_side", "5", "--runs", str(tmp_path / "runs")]) == 0
    (folder,) = (tmp_path / "runs").iterdir()
    facts = json.loads((folder / "run.json").read_text())
    recipe = facts["recipe"]
    assert recipe["model"]["activation"] == "sine(omega=3.0)"
    assert recipe["training"]["optimizer"].startswith("adam(lr=0.001")
    assert recipe["seed"] == -7
    assert recipe["budget"] == {"epochs": 3.0, "steps": None, "seconds": None, "psnr": None}
    assert max(facts["picture"]["height"], facts["picture"]["width"]) == 5


@pytest.mark.slow
def test_none_clears_a_field_and_is_also_an_encoding(tile: Path, tmp_path: Path) -> None:
    flags = ["--model.encoding", "none", "--picture.size", "none", "--film.every", "never"]
    assert main(["paint", str(tile), *SMALL, *flags, "--runs", str(tmp_path / "runs")]) == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["pant"], "did you mean 'paint'?"),
        (["paint", "--model.dept", "3"], "--model.dept is not a flag of sfumato paint; did you mean --model.depth?"),
        (["paint", "--film", "none"], "--film is a group of flags of sfumato paint: --film.kind, --film.every,"),
        (["paint", "--model.depth"], "--model.depth needs a value"),
        (["paint", "--model.depth", "--seed", "3"], "--model.depth needs a value"),
        (["paint", "--model.depth", "x"], "model.depth must be a whole number"),
        (["paint", "--preset", "fats"], "did you mean 'fast'?"),
        (["paint", "--film.format", "avi"], "format must be 'mp4', 'gif' or 'webp'. Got 'avi'"),
        (["paint", "a.png", "b.png"], "takes one picture. Got 'b.png' as well"),
        (["paint", "cat", "--picture.source", "coffee"], "takes one picture. Got 'cat' and --picture.source 'coffee'"),
        (["paint", "--preset", "fast", "--recipe", "fast"], "give one"),
        (["paint", "--model.depth", "6", "--model.width", "9,8"], "lists 2 layers. Got --model.depth 6 as well"),
        (["paint", "nowhere.png"], "nowhere.png"),
        (["paint", "catt"], "did you mean"),
        (["paint", "--engine", "replica"], "engine replica cannot train this recipe"),
        (["paint", "--training.optimizer", "adam(lrr=3)"], "did you mean 'lr'?"),
        (["paint", "--budget.psnr", "30"], "for the schedule"),
    ],
)
def test_wrong_input_gives_one_line_and_status_2(
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("sfumato: ")
    assert captured.out == ""
    assert not list(tmp_path.iterdir())


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["--help"], ["-h"]):
        assert main(arguments) == 0
        assert "paint" in capsys.readouterr().out
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("sfumato 0.")


@pytest.mark.slow
def test_help_of_paint_lists_every_flag(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as exited:
        main(["paint", "--help"])
    assert exited.value.code == 0
    out = capsys.readouterr().out
    assert "[PICTURE]" in out
    for text in (
        "--model.activation",
        "leaky_relu(negative_slope=0.01)",
        "--budget.seconds",
        "blog-2012",
        "--picture.max-side",
    ):
        assert text in out


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="the pipe and the status of the shell require POSIX")
@pytest.mark.parametrize("command", ["paint --help", "recipe blog-2012"])
def test_the_reader_of_the_output_may_end_early(command: str) -> None:
    script = f"set -o pipefail; '{sys.executable}' -m sfumato {command} | true"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert (done.returncode, done.stderr) == (0, "")


def test_help_loads_no_large_library() -> None:
    code = (
        "import sys; from sfumato.cli.main import main; main(['--help']);"
        "sys.exit(bool({'torch', 'numpy', 'pydantic', 'tyro', 'rich'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals require POSIX")
def test_ctrl_c_stops_and_writes_the_results(tile: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sfumato", "paint", str(tile), *NETWORK, "--budget.seconds", "1000"]
    command += ["--runs", str(tmp_path / "runs")]
    with process(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as painting:
        eventually(lambda: list(tmp_path.glob("runs/*/moments/*")))
        painting.send_signal(signal.SIGINT)
        out, err = painting.communicate(timeout=PATIENCE)
    assert painting.returncode == 0, err
    assert "dB stopped after" in out
    (folder,) = (tmp_path / "runs").iterdir()
    assert json.loads((folder / "run.json").read_text())["status"] == "stopped"
    assert (folder / "learning.mp4").exists()
    assert (folder / "painting.png").exists()
