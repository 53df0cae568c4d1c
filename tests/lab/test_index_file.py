"""The index of a folder of experiments: a cache that follows the experiments, and may be impossible to write."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

import sfumato as sf
from sfumato.errors import SfumatoError
from sfumato.lab import index_file, trial_index
from sfumato.lab.layout import INDEX, PLAN, TRIALS
from sfumato.log import log_to
from sfumato.tables import Table
from tests.lab.indexed import plain, same
from tests.lab.report import stub

VALUES = st.one_of(
    st.sampled_from(["a", "c", "one", "three", "finished", "failed", "verdict", "fused", "cat", ""]),
    st.sampled_from([None, True, False, 0, 1, 2, 3, 20.02, 21.0, float("nan"), float("inf"), 10**30]),
    st.floats(15, 25),
)
ENDS = st.one_of(st.none(), st.integers(-2, 25), st.floats(allow_nan=False))
NUMBERS = st.sampled_from(["seed", "psnr", "step", "lr", "adam_lr", "accuracy", "parameters"])
COLUMNS = {"experiment", "arm", "seed", "status", "reason", "psnr", "step", "lr", "adam_lr", "accuracy", "parameters"}
CONDITIONS = st.one_of(
    st.dictionaries(st.sampled_from(["experiment", "arm", "seed", "status", "psnr", "lr", "reason"]), VALUES),
    st.dictionaries(NUMBERS, st.tuples(ENDS, ENDS)),
    st.dictionaries(NUMBERS, st.tuples(st.floats(-2, 20), st.floats(20, 25))),
    st.dictionaries(st.sampled_from(["arm", "seed", "psnr"]), st.lists(VALUES)),
    st.dictionaries(NUMBERS, st.just(lambda value: value is None or value > 1)),
    st.dictionaries(st.text(max_size=3), VALUES, min_size=1),
)


@given(CONDITIONS)
def test_every_filter_gives_what_the_rows_give(made: Path, conditions: dict[str, Any]) -> None:
    try:
        expected = plain(made).filter(**conditions)
    except SfumatoError as error:
        with pytest.raises(SfumatoError, match=re.escape(str(error))):
            sf.load_trials(made, **conditions)
        assert "Got" in str(error)
        assert set(conditions) <= COLUMNS or "filter must name a column of experiment, purpose" in str(error)
    else:
        assert same(sf.load_trials(made, **conditions), expected)


def test_only_what_changed_is_read_again(folder: Path, read_again: list[str]) -> None:
    assert same(sf.load_trials(folder), plain(folder))
    assert read_again == []
    rows = folder / "two" / TRIALS
    first = json.loads(rows.read_text().splitlines()[0])
    with rows.open("a") as file:
        file.write(json.dumps({**first, "seed": 99}) + "\n")
    assert sf.load_trials(folder, seed=99)["experiment"] == ["two"]
    assert read_again == ["two"]
    assert same(sf.load_trials(folder), plain(folder))
    assert read_again == ["two"]


def test_an_edit_that_keeps_size_and_time_is_seen(folder: Path) -> None:
    rows = folder / "two" / TRIALS
    before = rows.stat()
    rows.write_text(rows.read_text().replace('"fused"', '"FUSED"'))
    os.utime(rows, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (rows.stat().st_size, rows.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert set(sf.load_trials(folder, experiment="two")["engine"]) == {"FUSED"}


def test_experiments_come_and_go(folder: Path, read_again: list[str]) -> None:
    (folder / "two").rename(folder / "later")
    stub.experiment(folder / "four", ("x", "y"))
    assert same(sf.load_trials(folder), plain(folder))
    # It alone had Muon's second rate.
    shutil.rmtree(folder / "later")
    found = sf.load_trials(folder)
    assert same(found, plain(folder))
    assert "adam_lr" not in found.columns
    assert sorted(read_again) == ["four", "later"]


def test_a_copy_of_the_folder_is_read_anew(folder: Path, tmp_path: Path, read_again: list[str]) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    assert same(sf.load_trials(tmp_path / "copy"), plain(tmp_path / "copy"))
    assert sorted(read_again) == ["one", "three", "two"]


def test_a_folder_that_cannot_be_written_is_read_without_an_index(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / INDEX).unlink()

    @contextmanager
    def refusing(path: Path, **_how: bool) -> Iterator[Path]:
        raise sf.RunError(f"cannot write {path}: {os.strerror(errno.EROFS)}")
        yield path

    monkeypatch.setattr(index_file, "replacing", refusing)
    assert same(sf.load_trials(folder), plain(folder))
    assert not (folder / INDEX).exists()


def test_files_of_killed_writers_are_removed(folder: Path) -> None:
    old, new = (folder / f".{INDEX}.{number}-1.partial" for number in (1, 2))
    for each in (old, new):
        each.write_bytes(b"half")
    os.utime(old, (0, 0))
    (folder / INDEX).unlink()
    sf.load_trials(folder)
    assert not old.exists()
    assert new.exists()


def test_concurrent_writers_leave_a_whole_index(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = plain(folder)
    original, lock = trial_index._trials, Lock()  # pyright: ignore[reportPrivateUsage]

    def read(path: Path) -> Table:
        # Python 3.11 may raise a SystemError where several threads parse recipes at once (python/cpython#106905).
        with lock:
            return original(path)

    monkeypatch.setattr(trial_index, "_trials", read)

    def read_with_changes(number: int) -> Table:
        if number % 3 == 0:
            (folder / INDEX).unlink(missing_ok=True)
        if number % 3 == 1:
            os.utime(folder / "two" / TRIALS)
        return sf.load_trials(folder)

    with ThreadPoolExecutor(4) as pool:
        assert all(same(found, expected) for found in pool.map(read_with_changes, range(24)))
    sf.load_trials(folder)
    index = index_file.read(folder / INDEX)
    assert index is not None
    assert index.table.num_rows == len(expected)
    assert not list(folder.glob("*.partial")) + list(folder.glob(".*.partial"))


def test_without_pyarrow_there_is_no_index(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / INDEX).unlink()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert same(sf.load_trials(folder, arm="a"), plain(folder).filter(arm="a"))
    assert not (folder / INDEX).exists()


def test_rows_that_arrow_cannot_hold_are_read_without_an_index(folder: Path) -> None:
    rows = folder / "two" / TRIALS
    rows.write_text(rows.read_text().replace('"engine": "fused"', '"engine": 5', 1))
    found = sf.load_trials(folder)
    assert same(found, plain(folder))
    assert 5 in found["engine"]


def unindexed(root: Path, name: str) -> tuple[Table, str]:
    """Return all trials, and the log, while an experiment is among them that the index must not have."""
    logged: list[str] = []
    with log_to(logged.append):
        found = sf.load_trials(root)
    index = index_file.read(root / INDEX)
    assert index is not None
    assert set(index.entries) == {path.parent.name for path in root.glob(f"*/{PLAN}")} - {name}
    return found, "\n".join(logged)


@pytest.mark.parametrize("fields", [{"seed": 2**70}, {"psnr": "high"}, {"reason": "no \udcff.png"}, {"engine": 5}])
def test_an_experiment_that_the_index_cannot_hold_leaves_it_to_the_others(
    folder: Path, fields: dict[str, Any], read_again: list[str]
) -> None:
    rows = folder / "three" / TRIALS
    first = json.loads(rows.read_text().splitlines()[0])
    with rows.open("a") as file:
        file.write(json.dumps({**first, "seed": 99, **fields}) + "\n")
    for _ in range(2):
        found, log = unindexed(folder, "three")
        assert same(found, plain(folder))
        assert f"three is left out of {INDEX}, which cannot hold its trials: " in log
        assert "\n" not in log
        assert same(sf.load_trials(folder, arm="a"), plain(folder).filter(arm="a"))
    # Each time, and once.
    assert read_again == ["three"] * 4


def test_names_of_folders_need_not_be_utf_8(
    folder: Path, read_again: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "sfumato")
    name = os.fsdecode(b"x\xff")
    (folder / "two").rename(folder / name)
    for _ in range(2):
        found, _ = unindexed(folder, name)
        assert same(found, plain(folder))
    assert read_again == [name] * 2
    root = folder.rename(folder.with_name(name))
    sf.load_trials(root)
    read_again.clear()
    assert same(sf.load_trials(root), plain(root))
    assert read_again == [name]
    # What is logged can be written anywhere.
    assert "left out of" in caplog.text.encode("utf-8").decode()


def test_no_index_tells_of_experiments_that_are_gone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "three"):
        shutil.rmtree(folder / name)
    assert len(sf.load_trials(folder)) == parquet.read_metadata(folder / INDEX).num_rows > 0
    # Beyond the bound there is none, rather than an old one.
    monkeypatch.setattr(index_file, "MAX_BYTES", 100)
    assert len(sf.load_trials(folder)) > 0
    assert not (folder / INDEX).exists()
    monkeypatch.undo()
    sf.load_trials(folder)
    assert (folder / INDEX).exists()
    (folder / "two").rename(folder.parent / "two")
    assert len(sf.load_trials(folder)) == 0
    assert not (folder / INDEX).exists()
    # What is no index is nobody's to remove.
    for data in (b"mine", (Table({"mine": [1]}, {}).to_parquet())):
        (folder / INDEX).write_bytes(data)
        assert len(sf.load_trials(folder)) == 0
        assert (folder / INDEX).read_bytes() == data


def test_other_programs_find_texts_as_texts(folder: Path) -> None:
    schema = parquet.read_schema(folder / INDEX)
    assert {str(field.type) for field in schema} == {"string", "int64", "double"}
    assert parquet.read_table(folder / INDEX)["arm"].to_pylist() == sf.load_trials(folder)["arm"]


@pytest.mark.slow
def test_an_up_to_date_index_answers_without_torch_or_pandas(folder: Path) -> None:
    slow = ["torch", "pandas", "pydantic", "pyarrow.dataset", "pyarrow.compute"]
    code = (
        f"import sys, sfumato as sf; print(len(sf.load_trials({str(folder)!r}, arm='a')), "
        f"[name for name in {slow} if name in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed == f"{len(plain(folder).filter(arm='a'))} []\n"
