"""``sfumato compare mnist-claim`` with arguments of the command line."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sfumato.cli import mnist_claim
from sfumato.cli.main import main
from sfumato.lab.digits import data, epoch_time
from sfumato.lab.experiment import Experiment, StoppedError, run_plan
from sfumato.lab.plan import Plan
from tests.lab.digits import made

FLAGS = ["mnist-claim", "--parameters", "4000", "--budget.epochs", "3", "--training.batch", "32", "--seeds", "5"]


LOAD = data.load_bundled


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "load_bundled", made.digits)
    monkeypatch.setattr(epoch_time, "ROUNDS", 1)
    monkeypatch.setattr(epoch_time, "SAMPLES", 64)


def verdict_lines(out: str) -> list[str]:
    """Return the lines of the output that depend neither on timing nor on the folder's name."""
    verdicts = [
        line for line in out.splitlines() if line.startswith(("on the picture", "on made", "input", "multiply"))
    ]
    assert len(verdicts) == 4
    return verdicts


@pytest.mark.slow
def test_counts_and_verdicts_are_reproducible(
    tile: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = ["compare", *FLAGS, "--picture", tile, "--out"]
    assert main([*command, str(tmp_path / "one")]) == 0
    first = capsys.readouterr().out
    assert "182.75 times as many" in first
    assert "time per epoch, 4x300 hidden units on both: MNIST" in first
    assert "percentage points" in first
    assert "5 paired seeds" in first
    assert (tmp_path / "one" / "report.html").exists()
    # The learning rate of each arm is tuned, on other seeds.
    rows = [json.loads(line) for line in (tmp_path / "one" / "digits" / "trials.jsonl").read_text().splitlines()]
    assert {row["purpose"] for row in rows} == {"tuning", "verdict"}
    assert main([*command, str(tmp_path / "two")]) == 0
    assert verdict_lines(capsys.readouterr().out) == verdict_lines(first)
    # In the same folder no trial is trained again.
    before = (tmp_path / "one" / "digits" / "trials.jsonl").read_bytes()
    assert main([*command, str(tmp_path / "one")]) == 0
    assert verdict_lines(capsys.readouterr().out) == verdict_lines(first)
    assert (tmp_path / "one" / "digits" / "trials.jsonl").read_bytes() == before


@pytest.mark.slow
def test_an_interrupted_claim_is_continued(
    tile: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command = ["compare", *FLAGS, "--tune", "false", "--picture", tile, "--out", str(tmp_path / "e")]

    def only_pictures(plan: Plan, *arguments: Any, **options: Any) -> Experiment:
        if plan.task == "picture":
            return run_plan(plan, *arguments, **options)
        raise StoppedError

    with monkeypatch.context() as patch:
        patch.setattr(mnist_claim, "run_plan", only_pictures)
        assert main(command) == 130
    assert "Run the same command again to continue from" in capsys.readouterr().err
    before = (tmp_path / "e" / "picture" / "trials.jsonl").read_bytes()
    assert main(command) == 0
    assert (tmp_path / "e" / "picture" / "trials.jsonl").read_bytes() == before
    assert len(verdict_lines(capsys.readouterr().out)) == 4


@pytest.mark.slow
def test_the_files_of_mnist(tile: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = made.mnist(tmp_path / "m", gzipped=True)
    flags = ["--parameters", "20000", "--tune", "false", "--seeds", "2", "--budget.epochs", "2"]
    command = [
        "compare",
        "mnist-claim",
        "--mnist",
        str(folder),
        *flags,
        "--picture",
        tile,
        "--out",
        str(tmp_path / "e"),
    ]
    assert main(command) == 0
    assert "on MNIST depth is not shown to help or to hurt: no verdict" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mnist-claim", "--mnist", "nowhere"], "--mnist must be a folder of MNIST's four files"),
        (["mnist-claim", "--model.init", "random_hyperplanes"], "model.init must be any but random_hyperplanes"),
        (["mnist-claim", "--equal", "operations"], "equal must be epochs in mnist-claim. Got 'operations'"),
        (["mnist-claim", "--budget.seconds", "1"], "budget.epochs must be given"),
        (["mnist-claim", "--parameters", "50"], "parameters must be a number that"),
        (["mnist-claim", "--seeds", "1001"], "seeds must be 1 to 1000. Got 1001"),
        (["deep-vs-shallow", "--mnist", "m"], "--mnist is for the question mnist-claim. Got 'm'"),
        (["mnist-clam"], "did you mean 'mnist-claim'?"),
        (["mnist-claim", "--axis", "model.width=3,4"], "Got none or several"),
    ],
)
def test_wrong_input_gives_one_line_and_status_2(
    arguments: list[str], message: str, refused: Callable[..., str]
) -> None:
    assert message in refused("compare", *arguments)


@pytest.mark.slow
def test_without_scikit_learn(refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "load_bundled", LOAD)
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    assert "pip install 'sfumato[lab]'" in refused("compare", "mnist-claim")
