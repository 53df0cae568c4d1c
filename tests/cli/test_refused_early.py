"""Wrong input is refused before the first step, in one line, with nothing written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import nn

import sfumato as sf
from sfumato.cli.main import main
from sfumato.render.film_options import FilmOptions
from sfumato.runs import checkpoints
from sfumato.training import Trainer
from sfumato.training.diagnosis.trial_run import TrialRun
from tests.small import SMALL, picture

TWO_BY_TWO = ["--picture.size", "2x2"]


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run that can be resumed."""
    return sf.paint(picture(), runs=tmp_path_factory.mktemp("runs"), film="none", stop=lambda: True, **SMALL).folder


@pytest.fixture
def untrained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every training step fail."""

    def step(*_: object, **__: object) -> Any:
        raise AssertionError("a step was taken")

    monkeypatch.setattr(Trainer, "snapshots", step)
    monkeypatch.setattr(TrialRun, "advance", step)


CASES: dict[str, tuple[list[str], str]] = {
    "film in a missing folder": (
        ["paint", "TILE", "--film.out", "nowhere/x.mp4"],
        "film.out must be a file in a folder that exists. Got nowhere/x.mp4",
    ),
    "film is a folder": (["paint", "TILE", "--film.out", "FOLDER.mp4"], "film.out must be a file. Got the folder"),
    "film never, out": (
        ["paint", "TILE", "--film.every", "never", "--film.out", "x.mp4"],
        "out must be left out where every is never",
    ),
    "film of an odd size": (
        ["paint", "TILE", "--film.size", "641x360"],
        "size must be two even numbers for an mp4, such as 642x360",
    ),
    "film cropped to a line": (
        ["paint", "TILE", "--film.size", "2x4096", "--film.fit", "crop", "--picture.size", "400x2"],
        "size must be nearer to the picture's aspect ratio",
    ),
    "resumed film in a missing folder": (
        ["resume", "RUN", "--film.out", "nowhere/x.mp4"],
        "film.out must be a file in a folder",
    ),
    "all held out": (
        ["paint", "TILE", *TWO_BY_TWO, "--data.split", "0.9"],
        "data.split must leave a pixel to train on. Got 0.9 of 4 pixels, which is all",
    ),
    "all held out of a check": (
        ["check", "--picture", "TILE", *TWO_BY_TWO, "--data.split", "0.9"],
        "data.split must leave a pixel to train on",
    ),
    "none held out": (
        ["paint", "TILE", *TWO_BY_TWO, "--data.split", "0.1"],
        "data.split must hold out at least one pixel. Got 0.1 of 4 pixels",
    ),
    "an arm that holds all out": (
        ["compare", "--picture", "TILE", *TWO_BY_TWO, "--axis", "data.split=0.5,0.9"],
        "arm 0.9: data.split must leave a pixel to train on",
    ),
    "an arm that its engine cannot train": (
        ["compare", "--picture", "TILE", "--axis=training.batch=1,64", "--engine=online", "--training.optimizer=sgd"],
        "arm 64: engine online cannot train this recipe: training.batch must be 1",
    ),
    "an ablation of what holds all out": (
        ["ablate", "--picture", "TILE", *TWO_BY_TWO, "--undo", "data.split=0.9"],
        "data.split must leave a pixel to train on",
    ),
    "a film that is never made": (["film", "RUN", "--every", "never"], "every must be 'auto', 'moment' or 'epoch'"),
    "a rendering into a folder": (["render", "RUN", "--out", "FOLDER.png"], "out must be a file. Got the folder"),
    "a film of neurons into a folder": (
        ["render", "RUN", "--neurons", "1", "--film", "mp4", "--out", "FOLDER.film.png"],
        "out must be a file. Got the folder",
    ),
    "results into a folder": (["speedrun", "--append", "FOLDER.mp4"], "append must be a file. Got the folder"),
    "a flag after --": (
        ["paint", "TILE", "--", "--budget.epochs", "1"],
        "--budget.epochs must stand before --, after which nothing is a flag",
    ),
    **{
        f"the executor {name}": (
            ["compare", "--picture", "TILE", "--axis=model.width=4,5", "--executor", name],
            message,
        )
        for name, message in {
            "nonsense": "executor must be local, ray, ray:HOST:PORT, folder:DIR, or module:Class of your own. Got",
            "folder:absent": "absent must be a folder that this machine shares. Got none",
        }.items()
    },
    "a worker's folder": (["worker", "absent"], "sfumato: absent must be a folder that this machine shares. Got none"),
    "a worker's network": (
        ["worker", "FOLDER.png", "--allow", "nope"],
        "--allow must be given a class or function, package.module:name. Got 'nope'",
    ),
    "two pictures": (["paint", "TILE", "--", "other.png"], "paint takes one picture. Got 'other.png' as well"),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
@pytest.mark.usefixtures("untrained")
def test_wrong_input_is_refused_before_the_first_step(
    case: str, stopped: Path, tile: str, refused: Callable[..., str], tmp_path: Path
) -> None:
    arguments, message = CASES[case]
    made = {"TILE": tile, "RUN": str(stopped)}
    for name in ("FOLDER.mp4", "FOLDER.png", "FOLDER.film.mp4"):
        (tmp_path / name).mkdir()
    assert message in refused(*(made.get(each, each) for each in arguments))


@pytest.mark.usefixtures("untrained")
def test_wrong_input_is_refused_in_python(tmp_path: Path) -> None:
    nowhere = FilmOptions(out=str(tmp_path / "nowhere" / "x.mp4"))
    for train in (
        lambda: sf.paint(picture(), runs=tmp_path, film=nowhere),
        lambda: sf.fit(nn.Linear(2, 3), picture(), runs=tmp_path, film=nowhere),
    ):
        with pytest.raises(sf.RunError, match=r"film.out must be a file in a folder that exists"):
            train()
    held_out: dict[str, Any] = {"data": {"split": 0.9}}
    tiny = np.zeros((2, 2, 3), np.float32)
    for train in (
        lambda: sf.paint(tiny, runs=tmp_path, **held_out),
        lambda: sf.fit(nn.Linear(2, 3), tiny, runs=tmp_path, **held_out),
        lambda: sf.train(tiny, recipe="fast", **held_out),
        lambda: sf.train_many(tiny, recipes=[{}], **held_out),
        lambda: sf.check(tiny, recipe="fast", **held_out),
    ):
        with pytest.raises(sf.RecipeError, match="data.split must leave a pixel"):
            train()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("untrained")
def test_a_folder_without_write_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The user who runs the tests may be allowed to write anywhere.
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(sf.RunError, match="film.out must be a file in a folder with write permission"):
        sf.paint(picture(), runs=tmp_path / "runs", film=FilmOptions(out=str(tmp_path / "x.mp4")))


@pytest.mark.usefixtures("untrained")
def test_a_disk_without_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1000})())
    with pytest.raises(sf.RunError, match=r"must have room for at least 0 MB.*Got 0 MB; make room, or choose"):
        sf.paint(picture(), runs=tmp_path / "runs", **SMALL)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_picture_s_name_may_begin_like_a_flag(
    tile: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(tile).rename("--picture.png")
    assert main(["check", "--picture=--picture.png", "--model.depth", "1", "--json"]) in (0, 1)
    assert main(["recipe", "--format", "string", "--", "fast"]) == 0
    assert capsys.readouterr().out.rstrip().rpartition("\n")[2].startswith("sf2:")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "suggestion"),
    [
        (["film", "RUN"], "Make room or permission there, or choose another folder (--out)."),
        (["render", "RUN"], "Make room or permission there, or choose another folder (--out)."),
        (["resume", "RUN"], "Make room or permission there, or choose another folder (--runs)."),
    ],
)
def test_the_message_names_a_flag_of_the_command(
    stopped: Path,
    tmp_path: Path,
    arguments: list[str],
    suggestion: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    run = str(shutil.copytree(stopped, tmp_path / "run"))
    monkeypatch.setattr(os, "fsync", full)
    assert main([run if each == "RUN" else each for each in arguments]) == 2
    assert suggestion in capsys.readouterr().err
