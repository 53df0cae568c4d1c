"""The trials of many experiments as one table."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import sfumato as sf
from sfumato import tables
from sfumato.lab import report
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


def test_a_table_that_is_older_than_the_rows_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = stub.experiment(tmp_path / "one")
    report.write(found)
    read: list[Path] = []
    original = tables.read_parquet
    monkeypatch.setattr(tables, "read_parquet", lambda path: (read.append(path), original(path))[1])
    assert len(sf.load_trials(tmp_path)) == len(found.rows)
    assert len(read) == 1
    rows = tmp_path / "one" / "trials.jsonl"
    line = {**json.loads(rows.read_text().splitlines()[0]), "seed": 99}
    with rows.open("a") as file:
        file.write(json.dumps(line) + "\n")
    later = (tmp_path / "one" / "trials.parquet").stat().st_mtime + 1
    os.utime(rows, (later, later))
    assert len(sf.load_trials(tmp_path)) == len(found.rows) + 1
    assert len(read) == 1
    # A copy may have other times.
    os.utime(rows, (0, 0))
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


@pytest.mark.parametrize("damage", [b'{"picture": 99}\n', b"\xff\n", b"[]\n"])
def test_a_damaged_experiment_is_skipped(tmp_path: Path, damage: bytes) -> None:
    stub.experiment(tmp_path / "one")
    with (tmp_path / "one" / "trials.jsonl").open("ab") as file:
        first = json.loads((tmp_path / "one" / "trials.jsonl").read_bytes().splitlines()[0])
        file.write(json.dumps({**first, "picture": 99}).encode() + b"\n" if b"99" in damage else damage)
    logged: list[str] = []
    with log_to(logged.append):
        assert len(sf.load_trials(tmp_path)) == 0
    assert "one is skipped" in logged[0]


def test_a_folder_without_experiments_gives_an_empty_table(tmp_path: Path) -> None:
    assert len(sf.load_trials(tmp_path)) == 0
    with pytest.raises(sf.RunError, match="must be a folder of experiments"):
        sf.load_trials(tmp_path / "absent")
