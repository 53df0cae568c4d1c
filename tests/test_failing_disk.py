"""A disk that is full at each write in turn: one clear line, and no incomplete file."""

from __future__ import annotations

import errno
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import sfumato as sf
from sfumato.cli.main import main
from sfumato.runs import checkpoints, requests, weights
from sfumato.runs import metrics as metrics_file
from tests.small import SMALL, picture

pytestmark = pytest.mark.slow


class Disk:
    """A disk that is full after a number of synced files."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, writes: float) -> None:
        self.left = writes
        self.used = 0
        self._sync = os.fsync
        monkeypatch.setattr(os, "fsync", self.sync)

    def sync(self, descriptor: int) -> None:
        self.used += 1
        if self.used > self.left:
            raise OSError(errno.ENOSPC, "No space left on device")
        self._sync(descriptor)


def assert_complete(folder: Path) -> None:
    for path in folder.rglob("*"):
        assert not path.name.endswith(".partial")
        if path.name == "run.json":
            assert json.loads(path.read_text())["layout"] == 2
        elif path.suffix == ".png":
            with Image.open(path) as image:
                image.load()
        elif path.name == "picture.npy":
            assert np.load(path, allow_pickle=False).shape == (9, 7, 3)
        elif path.parent.name == "moments":
            weights.load(path)
        elif path.suffix == ".safetensors":
            checkpoints.load(path)
        elif path.name == "metrics.jsonl":
            assert metrics_file.read(path)


def writes_of(path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    with monkeypatch.context() as patch:
        disk = Disk(patch, float("inf"))
        sf.paint(picture(), runs=path, **QUICK)
    return disk.used


QUICK: dict[str, Any] = {**SMALL, "budget": {"epochs": 1}, "film": "gif"}


def test_a_disk_that_is_full_at_any_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writes = writes_of(tmp_path / "whole", monkeypatch)
    assert writes >= 10
    for allowed in range(writes):
        runs = tmp_path / str(allowed)
        with monkeypatch.context() as patch:
            Disk(patch, allowed)
            with pytest.raises(sf.RunError, match=r"cannot write .*no space left on device.*--runs") as caught:
                sf.paint(picture(), runs=runs, **QUICK)
        assert "\n" not in str(caught.value)
        for folder in runs.iterdir():
            assert_complete(folder)
            # No folder is left of a run that could not be created.
            assert (folder / "run.json").exists()


def test_a_run_that_a_full_disk_ended_is_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        Disk(patch, 8)
        with pytest.raises(sf.RunError):
            sf.paint(picture(), runs=tmp_path / "full", film="none", **SMALL)
    (folder,) = (tmp_path / "full").iterdir()
    whole = sf.paint(picture(), runs=tmp_path / "whole", film="none", **SMALL)
    assert sf.resume(folder, film="none").metrics[-1]["mse"] == whole.metrics[-1]["mse"]


@pytest.mark.skipif(sys.platform != "linux", reason="the simulated read-only mount is that of Linux")
def test_a_read_only_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = sf.paint(picture(), runs=tmp_path, film="none", stop=lambda: True, **SMALL)
    before = {path: path.read_bytes() for path in run.folder.rglob("*") if path.is_file()}

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr("filelock.FileLock.acquire", refuse)
        with pytest.raises(sf.RunError, match=r"cannot write .*lock: read-only file system"):
            sf.resume(run.folder)
        # Whether a process trains it is known without writing.
        with pytest.raises(sf.RunError, match="cannot stop: .* Got a run that no process works on"):
            requests.send(run.folder, "stop")
    with monkeypatch.context() as patch:
        (run.folder / "request").write_text("stop")
        patch.setattr(Path, "unlink", refuse)
        with pytest.raises(sf.RunError, match=r"cannot write .*request: read-only file system"):
            sf.resume(run.folder)
    (run.folder / "request").unlink()
    assert {path: path.read_bytes() for path in run.folder.rglob("*") if path.is_file()} == before


def test_a_full_standard_output(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(code: int) -> None:
        def write(*_: object) -> None:
            raise OSError(code, os.strerror(code))

        monkeypatch.setattr(sys.stdout, "write", write)

    fail(errno.ENOSPC)
    assert main(["--version"]) == 2
    line = "sfumato: cannot write to the standard output: no space left on device. Make room there.\n"
    assert capsys.readouterr().err == line
    # Other errors are not reported as a full disk.
    fail(errno.EPIPE)
    with pytest.raises(BrokenPipeError):
        main(["--version"])
    assert capsys.readouterr().err == ""


def test_metrics_that_cannot_be_appended(tmp_path: Path) -> None:
    with pytest.raises(sf.RunError, match="cannot write"):
        metrics_file.append(tmp_path / "nowhere" / "metrics.jsonl", {"psnr": 1.0})
