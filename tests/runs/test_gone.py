"""Tests of folders that are deleted or moved while they are written, and must not be recreated."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sfumato as sf
from sfumato.cli.main import main
from sfumato.lab.folder import Folder
from sfumato.lab.trial import Key, failed
from sfumato.runs import checkpoints, layout, requests, run_json, weights
from sfumato.runs.files import replacing, write_bytes
from sfumato.runs.locking import FolderLock
from sfumato.runs.weights import Moment
from sfumato.training import Snapshot
from tests.lab.small_plan import small_plan
from tests.small import SMALL, picture


def delete(folder: Path) -> None:
    shutil.rmtree(folder)


def move(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))


def replace(folder: Path) -> None:
    """Replace the folder by a copy with the same name and equal files."""
    shutil.copytree(folder, folder.with_name("copy"))
    shutil.rmtree(folder)
    folder.with_name("copy").rename(folder)


VANISHINGS = pytest.mark.parametrize("vanish", [delete, move, replace])
Vanish = Callable[[Path], None]


def only_run(runs: Path) -> Path:
    (folder,) = runs.iterdir()
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@VANISHINGS
@pytest.mark.parametrize("step", [0, 4])
def test_a_run_ends_when_its_folder_vanishes(tmp_path: Path, vanish: Vanish, step: int) -> None:
    runs = tmp_path / "runs"
    before: dict[str, bytes] = {}

    def watch(snapshot: Snapshot) -> None:
        if snapshot.step >= step and not before:
            folder = only_run(runs)
            vanish(folder)
            before.update(contents(runs))
            before["nothing"] = b""

    with pytest.raises(sf.RunError, match="was deleted or moved while it was written"):
        sf.paint(picture(), runs=runs, observers=[watch], **{**SMALL, "budget": {"steps": 400}})
    assert contents(runs) == {name: data for name, data in before.items() if name != "nothing"}
    assert [each.name for each in runs.iterdir()] == expected(vanish, before)


def expected(vanish: Vanish, before: dict[str, bytes]) -> list[str]:
    if vanish is delete:
        return []
    return ["elsewhere"] if vanish is move else [runs_name(before)]


def runs_name(found: dict[str, bytes]) -> str:
    return next((name.split("/")[0] for name in found if "/" in name), "")


@pytest.mark.slow
@VANISHINGS
def test_a_paused_run_ends_when_its_folder_vanishes(tmp_path: Path, vanish: Vanish) -> None:
    runs = tmp_path / "runs"
    paused = threading.Event()
    problems: list[str] = []

    def watch(snapshot: Snapshot) -> None:
        if not paused.is_set():
            requests.send(only_run(runs), "pause")
            paused.set()

    def paint() -> None:
        try:
            sf.paint(picture(), runs=runs, observers=[watch], **{**SMALL, "budget": {"steps": 10**9}})
        except sf.RunError as error:
            problems.append(str(error))

    training = threading.Thread(target=paint)
    training.start()
    assert paused.wait(60)
    folder = only_run(runs)
    while run_json.read(folder)["status"] != "paused":
        assert training.is_alive()
    vanish(folder)
    training.join(60)
    assert not training.is_alive()
    assert "was deleted or moved" in problems[0]
    assert folder.exists() == (vanish is replace)


@pytest.mark.slow
def test_the_command_line_reports_it_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from sfumato.runs.observers import MomentWriter

    observe = MomentWriter.observe

    def observe_and_delete(self: MomentWriter, snapshot: Snapshot) -> None:
        observe(self, snapshot)
        shutil.rmtree(self.folder)

    monkeypatch.setattr(MomentWriter, "observe", observe_and_delete)
    small = ["--picture.max-side", "8", "--model.width", "8", "--budget.steps", "50", "--engine", "autograd"]
    assert main(["paint", "cat", "--runs", str(tmp_path / "runs"), *small]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("sfumato: ")
    assert "was deleted or moved" in error
    assert list((tmp_path / "runs").iterdir()) == []


def _moment(folder: Path) -> None:
    weights.save(folder / layout.moment(0), {}, Moment(0.0, 0, 0.0, None, None, 0.0))


def _partial(folder: Path) -> None:
    with replacing(folder / "painting.png") as partial:
        partial.write_bytes(b"")


@pytest.mark.parametrize(
    "write",
    [
        _moment,
        _partial,
        lambda folder: checkpoints.save(folder, 0, {}, 0.0),
        lambda folder: write_bytes(folder / "run.json", b""),
        lambda folder: write_bytes(folder / layout.frame(0), b"", make_parent=True),
    ],
)
def test_no_file_recreates_a_folder(tmp_path: Path, write: Callable[[Path], Any]) -> None:
    with pytest.raises(sf.RunError, match="is not there"):
        write(tmp_path / "runs" / "one")
    assert list(tmp_path.iterdir()) == []


def test_checking_the_lock_does_not_recreate_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "one"
    assert not requests.is_live(folder)
    with pytest.raises(OSError, match="No such file"):
        FolderLock(folder).acquire()
    # Another process may delete the folder between the check and the lock.
    folder.mkdir()
    lock = FolderLock(folder)
    acquire = lock._lock.acquire

    def acquire_late(**options: Any) -> Any:
        folder.rmdir()
        return acquire(**options)

    monkeypatch.setattr(lock._lock, "acquire", acquire_late)
    with pytest.raises(OSError, match="No such file"):
        lock.acquire()
    assert list(tmp_path.iterdir()) == []


@VANISHINGS
def test_an_experiment_ends_when_its_folder_vanishes(tmp_path: Path, vanish: Vanish) -> None:
    out = tmp_path / "experiment"
    plan = small_plan({}, {"model": {"width": 8}})
    folder = Folder(out)
    outcome = failed(Key("verdict", plan.arms[0].name, 0, (0.003,)), "no way")
    with folder.locked(plan, ()):
        folder.write(outcome, 0)
        vanish(out)
        with pytest.raises(sf.RunError, match="deleted or moved"):
            folder.write(outcome, 0)
    assert out.exists() == (vanish is replace)
