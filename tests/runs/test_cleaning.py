"""Tests of selecting and deleting runs."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from filelock import FileLock

from sfumato.errors import RunError
from sfumato.runs import cleaning, entry
from tests.runs import made


def names(runs: Path, states: str = "failed,interrupted", days: float | None = None, keep: int = 0) -> list[str]:
    return [each.name for each in cleaning.select(runs, cleaning.parse_states(states), days, keep)]


def ago(days: float) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).isoformat()


def test_only_runs_in_the_given_states_are_selected(tmp_path: Path) -> None:
    for status in ("done", "stopped", "failed", "running"):
        made.run(tmp_path, status, facts={"status": status})
    assert sorted(names(tmp_path)) == ["failed", "running"]
    assert names(tmp_path, "done") == ["done"]
    for word in ("running", "damaged", ""):
        with pytest.raises(RunError, match="state must be some of"):
            cleaning.parse_states(f"done,{word}")


def test_selection_by_age_and_number(tmp_path: Path) -> None:
    for day in (1, 2, 3, 4):
        made.run(tmp_path, f"{day}", facts={"started": ago(day), "finished": ago(day)})
    assert names(tmp_path, "done", days=2.5) == ["3", "4"]
    assert names(tmp_path, "done", days=1e9) == names(tmp_path, "done", days=1e300) == []
    assert names(tmp_path, "done", keep=1) == ["2", "3", "4"]
    assert names(tmp_path, "done", days=2.5, keep=3) == ["4"]
    assert names(tmp_path, "done", keep=9) == []


def test_an_interrupted_run_is_as_old_as_its_last_written_file(tmp_path: Path) -> None:
    folder = made.run(tmp_path, "a", facts={"status": "running", "started": ago(9), "finished": None})
    assert names(tmp_path, days=1) == []
    old = datetime.now(UTC).timestamp() - 3 * 86400
    for path in (folder, folder / "run.json"):
        os.utime(path, (old, old))
    assert names(tmp_path, days=1) == ["a"]
    (folder / "metrics.jsonl").write_text("")
    assert names(tmp_path, days=1) == []


def test_a_held_run_is_neither_selected_nor_deleted(tmp_path: Path) -> None:
    folder = made.run(tmp_path, "a", facts={"status": "failed"})
    (selected,) = cleaning.select(tmp_path, ["failed"])
    with FileLock(folder / "lock"):
        assert names(tmp_path) == []
        with pytest.raises(RunError, match="must be idle"):
            cleaning.delete(selected, tmp_path)
    assert (folder / "run.json").exists()


def test_a_run_that_was_resumed_is_not_deleted(tmp_path: Path) -> None:
    folder = made.run(tmp_path, "a", facts={"status": "failed"})
    (selected,) = cleaning.select(tmp_path, ["failed"])
    text = (folder / "run.json").read_text()
    (folder / "run.json").write_text(text.replace('"failed"', '"done"'))
    with pytest.raises(RunError, match="another state"):
        cleaning.delete(selected, tmp_path)
    assert (folder / "run.json").read_text() != text


def test_a_damaged_folder_is_never_selected(tmp_path: Path) -> None:
    folder = made.run(tmp_path, "a", facts={"status": "failed"})
    (selected,) = cleaning.select(tmp_path, ["failed"])
    (folder / "run.json").write_text("{")
    (folder / "metrics.jsonl").write_text("precious")
    assert cleaning.select(tmp_path, ["failed", "damaged", "interrupted"]) == []
    with pytest.raises(RunError, match="cannot read"):
        cleaning.delete(selected, tmp_path)
    assert (folder / "metrics.jsonl").read_text() == "precious"


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside, runs = tmp_path / "outside", tmp_path / "runs"
    linked = made.run(outside, "elsewhere", facts={"status": "failed"})
    (outside / "file").write_text("x" * 5000)
    folder = made.run(runs, "a", facts={"status": "failed"})
    (folder / "moments").mkdir()
    (folder / "moments/inner").symlink_to(outside)
    (folder / "frames").symlink_to(outside)
    (folder / "film").symlink_to(outside / "file")
    (runs / "link").symlink_to(linked)
    (selected,) = cleaning.select(runs, ["failed"])
    assert selected.folder == folder
    assert cleaning.size(folder) < 5000
    with pytest.raises(RunError, match="not a link"):
        cleaning.delete(entry.read(runs / "link"), runs)
    cleaning.delete(selected, runs)
    assert not folder.exists()
    assert (outside / "file").read_text() == "x" * 5000
    assert (linked / "run.json").exists()


@pytest.mark.parametrize("name", ["lock", "run.json"])
def test_a_folder_with_a_linked_lock_or_run_json_is_not_deleted(tmp_path: Path, name: str) -> None:
    folder = made.run(tmp_path / "runs", "a", facts={"status": "failed"})
    selected = entry.read(folder)
    target = tmp_path / "target"
    target.write_text((folder / "run.json").read_text())
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(target)
    with pytest.raises(RunError, match="of its own"):
        cleaning.delete(selected, tmp_path / "runs")
    assert target.read_text()


def test_a_folder_elsewhere_is_not_deleted(tmp_path: Path) -> None:
    folder = made.run(tmp_path / "outside", "a", facts={"status": "failed"})
    with pytest.raises(RunError, match="in .* itself"):
        cleaning.delete(entry.read(folder), tmp_path / "runs")
    assert folder.exists()


def test_the_whole_folder_is_deleted(tmp_path: Path) -> None:
    folder = made.run(tmp_path, "a", facts={"status": "failed"})
    (folder / "moments").mkdir()
    (folder / "moments/1.safetensors").write_text("12345")
    other = made.run(tmp_path, "b", facts={"status": "failed"})
    assert cleaning.size(folder) == 5 + (folder / "run.json").stat().st_size
    cleaning.delete(entry.read(folder), tmp_path)
    assert not folder.exists()
    assert other.exists()


def test_an_interrupted_deletion_can_be_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made.run(tmp_path, "a", facts={"status": "failed"})
    for name in ("1", "2", "3"):
        (folder / name).write_text("")
    removed: list[Path] = []

    def failing(path: Path) -> None:
        if removed:
            raise PermissionError(13, "Permission denied")
        path.unlink()
        removed.append(path)

    with monkeypatch.context() as patch:
        patch.setattr(cleaning, "_remove", failing)
        with pytest.raises(RunError, match="cannot delete .*permission denied"):
            cleaning.delete(entry.read(folder), tmp_path)
    assert len(removed) == 1
    assert names(tmp_path) == ["a"]
    cleaning.delete(entry.read(folder), tmp_path)
    assert not folder.exists()


def test_a_file_that_appears_meanwhile_is_deleted_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made.run(tmp_path, "a")
    (folder / "painting.png").touch()
    remove, appearing = cleaning._remove, iter(("curve.svg", "learning.mp4"))

    def remove_while_another_process_writes(path: Path) -> None:
        remove(path)
        if name := next(appearing, None):
            (folder / name).touch()

    monkeypatch.setattr(cleaning, "_remove", remove_while_another_process_writes)
    cleaning.delete(entry.read(folder), tmp_path)
    assert not folder.exists()


def test_a_folder_that_never_empties_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, remove = made.run(tmp_path, "a"), cleaning._remove

    def remove_while_another_process_writes(path: Path) -> None:
        remove(path)
        (folder / "again").touch()

    monkeypatch.setattr(cleaning, "_remove", remove_while_another_process_writes)
    monkeypatch.setattr(cleaning, "WAITS", (0.0, 0.0, None))
    with pytest.raises(RunError, match="a process still writes to it. Wait for it, and delete it again."):
        cleaning.delete(entry.read(folder), tmp_path)
