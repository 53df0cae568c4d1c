"""``sfumato check``."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sfumato.cli.main import main
from sfumato.training.diagnosis import trial_run
from tests.runs import made
from tests.small import picture

SMALL = ["--model.depth", "2", "--model.width", "12", "--training.batch", "16", "--threads", "1"]
ADAM = ["--engine", "autograd", "--training.optimizer", "adam(lr=0.01)"]


@pytest.fixture(autouse=True)
def _photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(trial_run, "SECONDS", 1e6)
    monkeypatch.setattr(trial_run, "VISITS", 12)
    Image.fromarray((picture(16, 16) * 255).round().astype(np.uint8)).save("photo.png")


@pytest.mark.slow
def test_a_recipe_that_learns(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--picture", "photo.png", *SMALL, *ADAM]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "before the first step"
    assert lines[1].split()[:3] == ["layer", "units", "activation"]
    assert [line.split()[:2] for line in lines[2:5]] == [["layers.0", "12"], ["layers.1", "12"], ["layers.2", "3"]]
    assert "picture from 0 to 1" in lines[5]
    assert "after 192 steps on 256 pixels (engine autograd)" in lines
    assert lines[-1].startswith("ok: The network learns")


@pytest.mark.slow
def test_a_recipe_that_diverges(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [*SMALL, "--engine", "autograd", "--training.optimizer", "sgd(lr=1000)"]
    assert main(["check", "--picture.source", "photo.png", *arguments]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == (
        "error: Training diverges: within 192 steps the network's outputs are no longer finite. The learning rate is "
        "too large for these weights. Try --training.optimizer sgd."
    )


@pytest.mark.slow
def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--picture", "photo.png", *SMALL, *ADAM, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["verdict"] == "ok"
    assert data["after"]["layers"]["units"] == [12, 12, 3]


@pytest.mark.slow
def test_recipe_of_a_run_and_of_a_preset(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = made.run(tmp_path, "a", model={"width": (20, 10)})
    flags = ["--picture", "photo.png", *ADAM, "--training.batch", "16"]
    assert main(["check", str(folder), *flags]) == 0
    assert "layers.1     10" in capsys.readouterr().out
    assert main(["check", "source-2012", "--picture", "photo.png", *SMALL[:4], "--engine", "replica"]) == 0
    assert "(engine replica)" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fast", "--preset", "fast"], "check takes one recipe. Got 'fast' and --preset or --recipe as well."),
        (["fats"], "did you mean 'fast'?"),
        (
            ["--picture", "photo.png", "--picture.source", "cat"],
            "a network trains on one picture. Got --picture 'photo.png'",
        ),
        (["--picture", "nowhere.png"], "nowhere.png"),
        (["--model.depht", "3"], "did you mean --model.depth?"),
        (["--engine", "online"], "engine online cannot train this recipe"),
    ],
)
def test_wrong_input_is_refused(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", *arguments]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""
