"""The trials of many experiments as one table."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

import sfumato as sf
from sfumato import tables
from sfumato.lab import report
from sfumato.lab.layout import INDEX, PLAN, TRIALS, TRIALS_PARQUET
from sfumato.log import log_to
from sfumato.tables import Table
from tests.lab.report import stub


def test_all_experiments_are_read_and_others_skipped(tmp_path: Path) -> None:
    one, two = stub.experiment(tmp_path / "one"), stub.experiment(tmp_path / "two", ("a", "c"))
    report.write(one)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "plan.json").write_text("{}")
    (tmp_path / "no-experiment").mkdir()
    logged: list[str] = []
    with log_to(logged.append):
        found = sf.load_trials(tmp_path)
    assert len(found) == len(one.rows) + len(two.rows)
    assert set(found["experiment"]) == {"one", "two"}
    assert len(logged) == 1
    assert "broken is skipped" in logged[0]
    scores = found.filter(experiment="two", arm="c", seed=3)["psnr"]
    assert scores == [two.scores(two.plan.arm("c"))[0, 3]]
    # From the same numbers, whichever file they are read from.
    assert list(sf.load_experiment(tmp_path / "one").trials()) == [
        {name: value for name, value in row.items() if name != "experiment"} for row in found.filter(experiment="one")
    ]


def test_the_table_of_a_report_is_not_what_is_read(tmp_path: Path) -> None:
    found = stub.experiment(tmp_path / "one")
    report.write(found)
    rows, table = tmp_path / "one" / TRIALS, tmp_path / "one" / TRIALS_PARQUET
    # An edit that keeps the number of rows, and a time before that of the report, as in a restored file.
    rows.write_text(rows.read_text().replace('"fused"', '"FUSED"'))
    os.utime(rows, (0, 0))
    assert set(sf.load_trials(tmp_path)["engine"]) == {"FUSED"}
    append(tmp_path / "one", json.dumps({**first_row(tmp_path / "one"), "seed": 99}).encode())
    os.utime(rows, (0, 0))
    assert len(sf.load_trials(tmp_path)) == len(found.rows) + 1
    table.write_bytes(sf.load_trials(tmp_path).filter(seed=0).to_parquet())
    (tmp_path / INDEX).unlink()
    assert len(sf.load_trials(tmp_path)) == len(found.rows) + 1


def test_trials_have_their_optimizer_whichever_version_wrote_the_table(tmp_path: Path) -> None:
    report.write(stub.experiment(tmp_path / "one"))
    stub.experiment(tmp_path / "two", changes={"training": {"optimizer": "muon"}})
    old = tables.read_parquet(tmp_path / "one" / "trials.parquet")
    names = [name for name in old.columns if name != "optimizer"]
    (tmp_path / "one" / "trials.parquet").write_bytes(
        Table({name: old[name] for name in names}, old.kinds).to_parquet()
    )
    assert set(sf.load_trials(tmp_path, optimizer="adam")["experiment"]) == {"one"}
    assert set(sf.load_trials(tmp_path, optimizer="muon")["experiment"]) == {"two"}


def first_row(experiment: Path) -> dict[str, Any]:
    return json.loads((experiment / TRIALS).read_text().splitlines()[0])


def append(experiment: Path, line: bytes) -> None:
    with (experiment / TRIALS).open("ab") as file:
        file.write(line + b"\n")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return two experiments. Copy before changes."""
    folder = tmp_path_factory.mktemp("pair")
    for name in ("one", "two"):
        stub.experiment(folder / name)
    return folder


@pytest.fixture
def experiments(pair: Path, tmp_path: Path) -> Path:
    """Return a copy of two experiments."""
    shutil.copytree(pair, tmp_path / "experiments")
    return tmp_path / "experiments"


def names_and_log(folder: Path) -> tuple[set[str], str]:
    """Return the experiments whose trials are found, and what is logged meanwhile."""
    logged: list[str] = []
    with log_to(logged.append):
        found = sf.load_trials(folder)
    return set(found["experiment"]) if len(found) else set(), "\n".join(logged)


WRONG = [
    ({"picture": 99}, "picture must be one of 1. Got 99"),
    ({"picture": "0"}, "picture must be one of 1. Got '0'"),
    ({"rates": [1, 2, 3, 4]}, "rates must be a list of 1 for the optimizer of its arm. Got [1, 2, 3, 4]"),
    ({"rates": 0.1}, "rates must be a list of numbers. Got 0.1"),
    ({"rates": ["0.1"]}, "rates must be a list of numbers. Got ['0.1']"),
    ({"seed": "3"}, "seed must be a whole number. Got '3'"),
    ({"seed": True}, "seed must be a whole number. Got True"),
    ({"values": [1]}, "values must be numbers by name. Got [1]"),
    ({"values": {"omega": None}}, "values must be numbers by name"),
    ({"arm": ["a"]}, "arm must be a name. Got ['a']"),
    ({"purpose": "x"}, "purpose must be tuning or verdict. Got 'x'"),
    ({"status": 5}, "status must be a word. Got 5"),
    ({"fraction": "1"}, "fraction must be a number. Got '1'"),
    ({"candidate": "1"}, "candidate must be a whole number. Got '1'"),
    ({"samples": "many"}, "samples must be a number. Got 'many'"),
    ({"samples": 10**400}, "samples must be a number. Got 1000"),
]


@pytest.mark.parametrize(("change", "reason"), WRONG, ids=[str(change)[:30] for change, _ in WRONG])
def test_an_experiment_with_a_damaged_row_is_skipped(experiments: Path, change: dict[str, Any], reason: str) -> None:
    append(experiments / "one", json.dumps({**first_row(experiments / "one"), **change}).encode())
    found, log = names_and_log(experiments)
    assert found == {"two"}
    assert f"one is skipped: {experiments / 'one' / TRIALS} must hold rows of trials: {reason}" in log
    with pytest.raises(sf.RunError, match=re.escape(reason)):
        sf.load_experiment(experiments / "one")


@pytest.mark.parametrize("damage", [b"\xff", b"[]", b"5", b"", b"[" * 99_999, b'{"purpose": "verdict"}'])
def test_an_experiment_with_a_line_of_something_else_is_skipped(experiments: Path, damage: bytes) -> None:
    append(experiments / "one", damage)
    found, log = names_and_log(experiments)
    assert found == {"two"}
    assert log.startswith(f"{experiments / 'one'} is skipped: ")
    assert "\n" not in log


def test_an_experiment_whose_files_cannot_be_read_is_skipped(experiments: Path) -> None:
    rows = experiments / "one" / TRIALS
    rows.unlink()
    rows.mkdir()
    found, log = names_and_log(experiments)
    assert found == {"two"}
    assert "must hold one JSON object per line: not a regular file" in log or "is a directory" in log
    rows.rmdir()
    # Opening a pipe would wait forever.
    os.mkfifo(rows)
    found, log = names_and_log(experiments)
    assert found == {"two"}
    assert "not a regular file" in log


@pytest.mark.parametrize("value", [None, 5, "x", [], [5], {}, {"a": 1}])
def test_an_experiment_with_a_damaged_plan_does_not_hide_others(experiments: Path, value: object) -> None:
    plan = experiments / "one" / PLAN
    whole = json.loads(plan.read_text())
    for changed in (
        *({**whole, field: value} for field in whole),
        *({**whole, "arms": [{**arm, field: value} for arm in whole["arms"]]} for field in whole["arms"][0]),
        *({**whole, "pictures": [{**whole["pictures"][0], field: value}]} for field in ("source", "sha256")),
    ):
        plan.write_text(json.dumps(changed))
        assert "two" in names_and_log(experiments)[0]


def test_rows_may_name_files_that_are_not_utf_8(experiments: Path) -> None:
    row = {**first_row(experiments / "one"), "seed": 77, "status": "failed", "reason": "no \udcff.png"}
    append(experiments / "one", json.dumps(row).encode())
    assert sf.load_trials(experiments, seed=77)["reason"] == ["no \udcff.png"]


def test_a_folder_without_experiments_gives_an_empty_table(tmp_path: Path) -> None:
    assert len(sf.load_trials(tmp_path)) == 0
    with pytest.raises(sf.RunError, match="must be a folder of experiments"):
        sf.load_trials(tmp_path / "absent")
    (tmp_path / "file").write_text("")
    for wrong in ("file", "file/below"):
        with pytest.raises(sf.RunError, match="must be a folder of experiments. Got one that is not there"):
            sf.load_trials(tmp_path / wrong)
    for wrong in ("a\0b", "a" * 300):
        with pytest.raises(sf.RunError, match="must be a folder of experiments: "):
            sf.load_trials(tmp_path / wrong)


def test_hidden_folders_are_no_experiments(experiments: Path) -> None:
    (experiments / "two").rename(experiments / ".trash")
    assert names_and_log(experiments) == ({"one"}, "")


def forbid(monkeypatch: pytest.MonkeyPatch, forbidden: Path) -> None:
    """Refuse a folder to whoever lists or enters it, as permissions do for all but the administrator."""
    list_folder, stat = os.scandir, Path.stat

    def denied(path: Path) -> PermissionError:
        return PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    def scandir(path: Any) -> Any:
        if Path(path).is_relative_to(forbidden):
            raise denied(path)
        return list_folder(path)

    def status(path: Path, **how: Any) -> os.stat_result:
        if path.is_relative_to(forbidden) and path != forbidden:
            raise denied(path)
        return stat(path, **how)

    monkeypatch.setattr(os, "scandir", scandir)
    monkeypatch.setattr(Path, "stat", status)


def test_a_folder_without_permission_is_refused_rather_than_empty(
    experiments: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forbid(monkeypatch, experiments)
    for path in (experiments, experiments / "one"):
        with pytest.raises(sf.RunError, match="must be a folder of experiments: permission denied"):
            sf.load_trials(path)
    with pytest.raises(sf.RunError, match="must be a folder of an experiment: permission denied"):
        sf.load_experiment(experiments / "one")


def test_an_experiment_without_permission_is_skipped(experiments: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forbid(monkeypatch, experiments / "one")
    assert names_and_log(experiments) == ({"two"}, f"{experiments / 'one'} is skipped: permission denied")


def test_a_function_may_return_anything(experiments: Path) -> None:
    found = re.compile("a").findall
    assert set(sf.load_trials(experiments, arm=found)["arm"]) == {"a"}
