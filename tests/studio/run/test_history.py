"""Metrics of any length: read once, and later only what is new."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from sfumato.errors import RunError
from sfumato.studio.run import curves, history
from sfumato.studio.run.history import History
from tests.runs import made

LINE = {"epoch": 0.5, "samples": 10, "seconds": 0.25, "loss": 0.1, "psnr": None, "ssim": 0.5, "learning_rate": 0.1}
LAYERS = {"stats": {"layers": {"name": ["layers.0"], "stable_rank": [2.5]}}}


def text(*steps: int, **more: Any) -> str:
    return "".join(json.dumps({**LINE, **LAYERS, "step": step, **more}) + "\n" for step in steps)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "metrics.jsonl"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Collect the number of bytes of each read."""
    found: list[int] = []
    pread = os.pread

    def counted(descriptor: int, count: int, offset: int) -> bytes:
        data = pread(descriptor, count, offset)
        found.append(len(data))
        return data

    monkeypatch.setattr(history.os, "pread", counted)
    return found


def test_only_what_is_new_is_read(file: Path, read: list[int]) -> None:
    file.write_text(text(*range(500)))
    one = History(file)
    one.update()
    assert one.column("step", range(500)) == list(range(500))
    assert one.column("psnr", [0]) == [None]
    read.clear()
    with file.open("a") as more:
        more.write(text(500) + '{"epoch": 1.0, "st')
    one.update()
    assert len(one) == 501
    # The last line, to check whether the file is the same, and what follows it.
    assert sum(read) < 3 * len(text(500))
    read.clear()
    one.update()
    assert sum(read) < 3 * len(text(500))


@pytest.mark.parametrize("other", [text(1, 2, 7), text(1, 2), text(1, 2, 3, 4, loss=0.2), ""], ids=len)
def test_a_replaced_file_is_read_again(file: Path, other: str) -> None:
    file.write_text(text(1, 2, 3))
    one = History(file)
    one.update()
    version = one.version
    file.write_text(other)
    one.update()
    steps = [json.loads(line)["step"] for line in other.splitlines()]
    assert one.column("step", range(len(one))) == steps
    assert one.version != version


def test_chunks_are_joined(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "CHUNK", len(text(7)) + 5)
    file.write_text(text(*range(10)))
    one = History(file)
    one.update()
    assert one.column("step", range(len(one))) == list(range(10))
    assert [line.step for line in one.lines([0, 4, 9])] == [0, 4, 9]
    assert one.by_step([3, 8, 77])[8]["loss"] == 0.1


@pytest.mark.parametrize(
    "damage", ["[1]", "{}", "nothing", '{"step": -1}', "[" * 100_000, '{"epoch": NaN}'], ids=lambda text: text[:9]
)
def test_the_number_of_a_damaged_line_is_reported(file: Path, damage: str) -> None:
    file.write_text(text(1, 2) + damage + "\n")
    with pytest.raises(RunError, match="line 3"):
        History(file).update()


def test_a_file_without_lines_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "CHUNK", 1000)
    file.write_bytes(bytes(5000))
    with pytest.raises(RunError, match="a line has more than"):
        History(file).update()
    with file.open("wb") as sparse:
        sparse.truncate(history.MAX_BYTES + 1)
    with pytest.raises(RunError, match="bytes"):
        History(file).update()


@pytest.mark.slow
def test_a_response_is_bounded_for_any_file(studio: TestClient, runs: Path) -> None:
    folder = made.run(runs, "long")
    (folder / "metrics.jsonl").write_text(text(*range(20_001)))
    answer = studio.get("/api/runs/long/metrics")
    found = answer.json()
    assert {len(found[name]) for name in ("step", "psnr", "loss", "operations", "stable_rank")} == {curves.MAX_POINTS}
    assert (found["step"][0], found["step"][-1]) == (0, 20_000)
    assert found["stable_rank"][-1] == [2.5]
    # The browser has this version.
    again = studio.get("/api/runs/long/metrics", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    with (folder / "metrics.jsonl").open("a") as file:
        file.write(text(20_001))
    changed = studio.get("/api/runs/long/metrics", headers={"If-None-Match": answer.headers["etag"]})
    assert changed.status_code == 200
    assert changed.json()["step"][-1] == 20_001


@pytest.mark.slow
def test_it_is_read_once_for_all_pages(studio: TestClient, runs: Path, read: list[int]) -> None:
    folder = made.run(runs, "long")
    (folder / "metrics.jsonl").write_text(text(*range(5000)))
    size = (folder / "metrics.jsonl").stat().st_size
    for _ in range(5):
        assert studio.get("/api/runs/long").status_code == 200
    assert sum(read) < 1.2 * size


def test_a_run_with_many_paintings_shows_some(studio: TestClient, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sfumato.studio.run import page

    monkeypatch.setattr(page, "MAX_FRAMES", 5)
    folder = made.run(runs, "long")
    (folder / "metrics.jsonl").write_text(text(*range(40)))
    (folder / "frames").mkdir()
    for step in range(40):
        (folder / f"frames/{step:012d}.png").write_bytes(b"")
    frames = studio.get("/api/runs/long").json()["frames"]
    assert [each["step"] for each in frames] == [0, 10, 20, 29, 39]
    assert all(each["loss"] == 0.1 for each in frames)
