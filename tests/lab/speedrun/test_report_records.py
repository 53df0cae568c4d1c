"""The file of results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sfumato.errors import RunError
from sfumato.lab.speedrun import report
from tests.lab.speedrun import made


def test_results_are_added_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    report.check(path)
    assert not path.exists()
    first, second = made.facts(), made.facts([33.0] * 3, track="open")
    report.append(path, first)
    report.check(path)
    report.append(path, second)
    assert report.read(path) == [first, second]
    assert path.read_text().endswith("]\n")
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_is_replaced_atomically(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "results.json"
    report.append(path, made.facts())
    before = path.read_bytes()

    def full(self: Path, data: str, **_: Any) -> None:
        with self.open("w") as file:
            file.write(data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(RunError, match="no space left on device"):
        report.append(path, made.facts())
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_values_that_are_not_numbers_are_never_written(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    with pytest.raises(ValueError, match="not JSON compliant"):
        report.append(path, made.facts(margin=float("nan")))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[{"rules": 1}]', "[[", "\x00", json.dumps({"rules": 1})])
def test_another_file_is_left_alone(text: str, tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text(text)
    for attempt in (report.check, report.read, lambda path: report.append(path, made.facts())):
        with pytest.raises(RunError) as caught:
            attempt(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
    assert path.read_text() == text


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="It does not exist"):
        report.read(tmp_path / "none.json")
    with pytest.raises(RunError, match="append must be a file in a folder that exists"):
        report.check(tmp_path / "no" / "none.json")
    with pytest.raises(RunError, match="append must be a file. Got the folder"):
        report.check(tmp_path)
