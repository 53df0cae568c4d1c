"""Changes in a run's folder become events."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from filelock import FileLock
from PIL import Image

import sfumato as sf
from sfumato.runs import layout
from sfumato.runs.weights import Moment
from sfumato.studio.run import watcher
from sfumato.studio.run.watcher import Watchers
from tests.awaited import awaited
from tests.patience import PATIENCE
from tests.runs import made

LINE = {"epoch": 1.0, "step": 10, "samples": 100, "seconds": 1.5, "loss": 0.1, "psnr": 12.0, "ssim": 0.5}
RUNNING = {"status": "running", "result": None}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TICK", "IDLE_TICK", "WATCHED_INTERVAL", "PROBE_INTERVAL", "STATE_INTERVAL"):
        monkeypatch.setattr(watcher, name, 0.01)


def events(pieces: bytes) -> list[tuple[str, Any]]:
    found = []
    for block in pieces.decode().strip().split("\n\n"):
        event, data = block.split("\n")
        found.append((event.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


class Listener:
    """A reader of a stream, event by event."""

    def __init__(self, stream: AsyncIterator[bytes]) -> None:
        self._stream = stream
        self._waiting: list[tuple[str, Any]] = []

    async def next(self) -> tuple[str, Any]:
        while not self._waiting:
            self._waiting += events(await asyncio.wait_for(anext(self._stream), PATIENCE))
        return self._waiting.pop(0)

    async def until(self, event: str, good: Callable[[Any], bool] = lambda _: True) -> Any:
        while True:
            found, data = await self.next()
            if found == event and good(data):
                return data


def append(folder: Path, **values: Any) -> None:
    with (folder / "metrics.jsonl").open("a") as file:
        file.write(json.dumps({**LINE, **values}) + "\n")


def test_lines_frames_moments_and_live_pictures(tmp_path: Path, trained: sf.Run) -> None:
    folder = made.run(tmp_path, "one", facts=RUNNING, budget={"epochs": 4})
    append(folder)

    async def work() -> None:
        page = Listener(Watchers().listen(folder))
        event, state = await page.next()
        assert event == "state"
        assert (state["state"], state["epoch"], state["psnr"], state["progress"]) == ("running", 1.0, 12.0, 0.25)
        assert state["left"] == 4.5
        append(folder, step=20, epoch=2.0, seconds=3.0, psnr=15.0)
        line = await page.until("line")
        assert (line["step"], line["psnr"], line["epoch"]) == (20, 15.0, 2.0)
        # The default recipe, with 6 operations per weight.
        assert line["operations"] == 100 * 6 * (2 * 300 + 3 * 300 * 300 + 300 * 3)
        assert (await page.until("state"))["progress"] == 0.5
        (folder / "frames").mkdir()
        (folder / layout.frame(20)).write_bytes(b"")
        assert (await page.until("frame")) == {
            "step": 20, "epoch": 2.0, "seconds": 3.0, "psnr": 15.0, "loss": 0.1, "operations": line["operations"],
        }  # fmt: skip
        (folder / "moments").mkdir()
        (folder / layout.moment(30)).write_bytes(trained.moments()[-1].read_bytes())
        assert (await page.until("moment"))["step"] == 30
        (folder / "live.jpg").write_bytes(b"1")
        first = await page.until("live")
        (folder / "live.jpg").write_bytes(b"22")
        os.utime(folder / "live.jpg", (5, 5))
        assert await page.until("live") != first
        Image.new("RGB", (3, 2)).save(folder / "live.jpg", comment=Moment(2.5, 40, 4.0, 0.1, 16.25, 0.6).as_json())
        live = await page.until("live", lambda data: data["step"])
        assert (live["step"], live["epoch"], live["seconds"], live["running_psnr"]) == (40, 2.5, 4.0, 16.25)
        # In addition to that of the last exact evaluation.
        assert (await page.until("state", lambda data: data["running_psnr"] == 16.25))["psnr"] == 15.0
        assert (folder / "watched").exists()

    with FileLock(folder / "lock"):
        awaited(work())


@pytest.mark.slow
def test_only_complete_lines_are_sent(tmp_path: Path) -> None:
    folder = made.run(tmp_path, "one", facts=RUNNING)

    async def work() -> None:
        page = Listener(Watchers().listen(folder))
        await page.next()
        text = json.dumps({**LINE, "step": 7})
        with (folder / "metrics.jsonl").open("a") as file:
            file.write(text[:20])
            file.flush()
            await asyncio.sleep(0.1)
            file.write(text[20:] + '\nnot json\n{"step": 8}\n')
        append(folder, step=9)
        assert [(await page.until("line"))["step"] for _ in range(2)] == [7, 9]

    with FileLock(folder / "lock"):
        awaited(work())


def test_a_killed_process_is_noticed(tmp_path: Path) -> None:
    folder = made.run(tmp_path, "one", facts=RUNNING)
    # Acquired by this thread, released by the event loop's.
    lock = FileLock(folder / "lock", thread_local=False)
    lock.acquire()

    async def work() -> None:
        page = Listener(Watchers().listen(folder))
        assert (await page.next())[1]["state"] == "running"
        lock.release()
        await page.until("state", lambda state: state["state"] == "interrupted")
        # Resumed by another process.
        lock.acquire()
        (folder / "run.json").write_text((folder / "run.json").read_text() + "\n")
        await page.until("state", lambda state: state["state"] == "running")

    awaited(work())
    lock.release()


def test_lines_are_sent_again_after_a_resume(tmp_path: Path) -> None:
    folder = made.run(tmp_path, "one", facts=RUNNING)
    append(folder, step=5)
    append(folder, step=6)

    async def work() -> None:
        page = Listener(Watchers().listen(folder))
        await page.next()
        (folder / "metrics.jsonl").write_text(json.dumps({**LINE, "step": 5}) + "\n")
        assert (await page.until("line"))["step"] == 5

    with FileLock(folder / "lock"):
        awaited(work())


def test_many_pages_are_served_by_one_watcher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made.run(tmp_path, "one", facts=RUNNING)
    created: list[Path] = []
    whole = watcher.Watcher.__init__

    def counted(self: watcher.Watcher, where: Path, limiter: anyio.CapacityLimiter) -> None:
        created.append(where)
        whole(self, where, limiter)

    monkeypatch.setattr(watcher.Watcher, "__init__", counted)

    async def work() -> None:
        watchers = Watchers()
        streams = [watchers.listen(folder) for _ in range(20)]
        pages = [Listener(stream) for stream in streams]
        for page in pages:
            assert (await page.next())[0] == "state"
        append(folder, step=11)
        for page in pages:
            assert (await page.until("line"))["step"] == 11
        assert created == [folder]
        for stream in streams:
            await stream.aclose()  # pyright: ignore[reportAttributeAccessIssue]
        # The last listener has ended the watcher.
        assert watchers._all == {}
        await Listener(watchers.listen(folder)).next()
        assert created == [folder, folder]

    with FileLock(folder / "lock"):
        awaited(work())


@pytest.mark.slow
def test_a_slow_page_does_not_delay_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "MAX_QUEUED", 3)
    folder = made.run(tmp_path, "one", facts=RUNNING)

    async def work() -> None:
        watchers = Watchers()
        slow, page = Listener(watchers.listen(folder)), Listener(watchers.listen(folder))
        await slow.next()
        await page.next()
        for step in range(20):
            append(folder, step=step)
            assert (await page.until("line"))["step"] == step
        # It has lost the oldest events, and continues with the newest.
        steps = [(await slow.until("line"))["step"]]
        while steps[-1] != 19:
            steps.append((await slow.until("line"))["step"])
        assert len(steps) <= 3

    with FileLock(folder / "lock"):
        awaited(work())


def test_a_deleted_run_ends_its_streams(tmp_path: Path) -> None:
    folder = made.run(tmp_path, "one")

    async def work() -> None:
        page = Listener(Watchers().listen(folder))
        assert (await page.next())[1]["state"] == "done"
        (folder / "run.json").unlink()
        folder.rmdir()
        await page.until("gone")
        with pytest.raises(StopAsyncIteration):
            await page.next()

    awaited(work())


@pytest.mark.slow
def test_finished_runs_are_not_marked_as_watched(tmp_path: Path) -> None:
    folder = made.run(tmp_path, "one")

    async def work() -> None:
        await Listener(Watchers().listen(folder)).next()
        await asyncio.sleep(0.1)
        assert not (folder / "watched").exists()

    awaited(work())


def test_the_watched_file_is_not_written_through_a_link(tmp_path: Path) -> None:
    folder = made.run(tmp_path / "runs", "one", facts=RUNNING)
    (folder / "watched").symlink_to(tmp_path / "elsewhere")

    async def work() -> None:
        page = Listener(Watchers().listen(folder))
        await page.next()
        append(folder)
        await page.until("line")
        assert not (tmp_path / "elsewhere").exists()

    with FileLock(folder / "lock"):
        awaited(work())


def test_files_are_read_on_another_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made.run(tmp_path, "one", facts=RUNNING)
    threads: set[threading.Thread] = set()
    for name in ("_poll_first", "_poll"):
        original = getattr(watcher.Watcher, name)

        def recorded(self: watcher.Watcher, original: Callable[..., Any] = original) -> Any:
            threads.add(threading.current_thread())
            return original(self)

        monkeypatch.setattr(watcher.Watcher, name, recorded)

    async def work() -> None:
        page = Listener(Watchers().listen(folder))
        await page.next()
        append(folder, step=11)
        await page.until("line")
        assert threads
        assert threading.current_thread() not in threads

    awaited(work())


def test_a_stream_ends_when_watching_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = made.run(tmp_path, "one", facts=RUNNING)

    async def work() -> None:
        stream = Watchers().listen(folder)
        await Listener(stream).next()
        monkeypatch.setattr(watcher.Watcher, "_poll", lambda _: 1 / 0)
        assert [piece async for piece in stream] == []

    awaited(work())
    assert "ZeroDivisionError" in capfd.readouterr().err
