"""``sfumato verdict``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sfumato.cli.main import main
from tests.lab.test_result_table import crashed, sleep, wandb


def test_a_sentence_and_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = str(sleep(tmp_path)), tmp_path / "verdict.html"
    assert main(["verdict", path, "--value", "extra", "--arm", "group", "--pair", "ID", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "2 beats 1 by 1.58 extra, 95% CI [0.70, 2.46] (10 pairs of equal ID, higher is better)" in printed
    assert "0.75" in printed
    page = out.read_text()
    assert "2 beats 1" in page
    assert "+1.58 [0.70, 2.46]" in page


def test_json_is_one_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(wandb(tmp_path))
    assert main(["verdict", path, "--arm", "model", "--unit", "picture", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["comparisons"]
    assert (found["arm"], found["reference"], found["verdict"]) == ("relu, wide", "siren", "worse")
    assert found["low"] < found["mean"] < found["high"] < 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "must be given a table of results"),
        (["absent.csv"], "absent.csv must be a CSV file: no such file"),
        (
            ["TABLE", "--value", "extra", "--arm", "grp", "--pair", "ID"],
            "arm must be a column of the table. Got 'grp'; did",
        ),
        (
            ["TABLE", "--value", "extra", "--arm", "group", "--pair", "ID,nr"],
            "pair must be a column of the table. Got 'nr'",
        ),
    ],
)
def test_wrong_input_gives_one_line_and_status_2(
    tmp_path: Path, arguments: list[str], message: str, refused: Callable[..., str]
) -> None:
    path = str(sleep(tmp_path))
    assert message in refused("verdict", *(path if argument == "TABLE" else argument for argument in arguments))


def test_the_table_is_not_overwritten(tmp_path: Path, refused: Callable[..., str]) -> None:
    path = sleep(tmp_path)
    before = path.read_text()
    assert "out must be the file of a page" in refused("verdict", str(path), "--out", str(path))
    assert path.read_text() == before


def test_a_page_that_cannot_be_written_is_reported_before_anything_is_printed(
    tmp_path: Path, refused: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "absent" / "verdict.html")
    flags = ["--value", "extra", "--arm", "group", "--pair", "ID", "--out", out]
    path = str(sleep(tmp_path))
    assert main(["verdict", path, *flags]) == 2
    assert capsys.readouterr().out == ""
    message = refused("verdict", path, *flags)
    assert "cannot write" in message
    assert "absent is no folder. Make it first" in message


def test_crashed_runs_are_warned_of_and_left_out_by_a_condition(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(crashed(tmp_path))
    assert main(["verdict", path, "--where", "purpose=verdict"]) == 0
    printed = capsys.readouterr()
    assert printed.err == (
        "warning: rows count whatever their config/State: 2 crashed; leave them out with --where "
        "config/State=finished\n"
    )
    assert "no difference shown" in printed.out
    assert main(["verdict", path, "--where=purpose=verdict", "--where", "config/State=finished"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert "b beats a by" in printed.out
    assert "8 rows left out by" in printed.out


def test_a_condition_must_have_a_value(tmp_path: Path, refused: Callable[..., str]) -> None:
    assert "--where must be COLUMN=VALUE" in refused("verdict", str(crashed(tmp_path)), "--where", "purpose")
