"""``--tune`` with names of numbers, in ``sfumato compare`` and ``ablate``."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from sfumato.cli.main import main
from sfumato.lab.experiment import load_experiment

pytest.importorskip("optuna")

SMALL = ["--model.width", "8", "--model.depth", "2", "--budget.epochs", "2", "--training.batch", "16", "--seeds", "2"]
TUNE = ["--tune", "lr,omega", "--tuning-seeds", "2", "--tuning-trials", "4"]


@pytest.mark.slow
def test_several_numbers_are_tuned_and_the_same_again(
    tile: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["compare", "--axis", "model.activation=relu,sine(30)", "--picture", tile, *SMALL, *TUNE]
    outs = [str(tmp_path / name) for name in ("one", "two")]
    printed: list[str] = []
    for out, workers in zip(outs, ("1", "2"), strict=True):
        assert main([*command, "--out", out, "--workers", workers]) == 0
        captured = capsys.readouterr()
        # The number of trials is known before: (4 + 2 + 2) settings of 2 seeds, and 2 for the verdict.
        assert "2 seeds, 2 epochs, 10 x 12 pixels: 36 trials, 32 of them to find values of lr, omega" in captured.err
        printed.append(captured.out)
    found = [load_experiment(out) for out in outs]
    assert len(found[0].rows) == 36
    scores = [{key: row["psnr"] for key, row in each.rows.items()} for each in found]
    assert scores[0] == scores[1]
    assert re.search(r"sine\(30\).* omega [\d.]+", printed[0])
    # Again in the same folder, nothing is trained.
    assert main([*command, "--out", outs[0], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["arms"][1]["values"].keys() == {"omega"}
    assert len(load_experiment(outs[0]).rows) == 36


@pytest.mark.slow
def test_an_ablation_is_tuned_on_request(tile: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["ablate", "--undo", "model.activation=tanh", "--picture", tile, *SMALL, "--out", str(tmp_path / "e")]
    assert main([*command, "--tune", "training.batch=8..32"]) == 0
    found = load_experiment(tmp_path / "e")
    assert {key.purpose for key in found.rows} == {"tuning", "verdict"}
    assert {dict(key.values)["training.batch"] for key in found.rows} >= {14, 20, 26}
    assert "training.batch" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["compare", "deep-vs-shallow", "--tune", "omga"], "Got omga; "),
        (["compare", "deep-vs-shallow", "--tune", "lr,omega"], "Got omega; "),
        (["compare", "deep-vs-shallow", "--tuning-trials", "9"], "tuning trials are for tuning several fields"),
        (["compare", "deep-vs-shallow", "--tune", "lr,batch", "--tuning-trials", "2"], "tuning-trials must be a whole"),
        (["compare", "deep-vs-shallow", "--tune", "false", "--tuning-trials", "9"], "Got 9 with --tune false."),
        (["compare", "--axis", "model.activation=relu,tanh", "--tune", "lr,width"], "not change the size of a network"),
        (["ablate", "--undo", "training.batch=64", "--tune", "lr,batch"], "not have what an arm undoes. Got batch"),
        (
            ["ablate", "--undo", "training.optimizer=adam(lr=0.1)", "--preset", "fast", "--training.optimizer", "adam",
             "--budget.epochs", "1", "--tune", "lr"],
            "tune must not have what an arm undoes. Got lr, which arm training.optimizer=adam(lr=0.1) changes",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_tuned_is_refused(arguments: list[str], message: str, refused: Callable[..., str]) -> None:
    assert message in refused(*arguments)
