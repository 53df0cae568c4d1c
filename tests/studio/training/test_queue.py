"""Runs wait for cores in the order in which they were queued, whatever happens to them and to the studio."""

from __future__ import annotations

import asyncio
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sfumato.errors import RunError
from sfumato.recipe import Recipe, changed
from sfumato.runs import entry, files, queued, requests, run_json
from sfumato.runs.locking import FolderLock
from sfumato.studio.form.requested_recipe import run_with_picture
from sfumato.studio.gallery.cards import Gallery
from sfumato.studio.training import queue as queues
from sfumato.studio.training import queue_records
from sfumato.studio.training.queue import Queue
from sfumato.studio.training.worker_pool import WorkerEnded
from sfumato.studio.web.errors import Problem
from tests.awaited import awaited
from tests.patience import PATIENCE
from tests.runs import made

CORES = 4


class Trainings:
    """A replacement of the worker pool: runs are locked and marked as running until a test ends them."""

    def __init__(self, runs: Path) -> None:
        self.runs = runs
        self.started: list[str] = []
        self.problems: dict[str, list[Exception]] = {}
        self._held: dict[str, FolderLock] = {}
        self.queue = Queue(self, Gallery(runs))  # pyright: ignore[reportArgumentType]

    @property
    def training(self) -> list[str]:
        return list(self._held)

    async def stored_picture(self, recipe: Recipe) -> Path | None:
        return run_with_picture(recipe, Gallery(self.runs))

    async def resume(self, folder: Path, wanted: Callable[[], bool]) -> None:
        if self.problems.get(folder.name):
            raise self.problems[folder.name].pop()
        if not wanted():
            return
        lock = FolderLock(folder)
        lock.acquire()
        self.started.append(folder.name)
        self._held[folder.name] = lock
        self.write(folder.name, "running")

    def write(self, name: str, status: str) -> None:
        found = {**run_json.read(self.runs / name), "status": status, "started": "2026-01-02T03:04:05+0000"}
        files.write_bytes(self.runs / name / "run.json", json.dumps(found).encode())

    def end(self, name: str) -> None:
        self.write(name, "done")
        self._held.pop(name).release()

    def pause(self, name: str) -> None:
        requests.send(self.runs / name, "pause")
        self.write(name, "paused")

    def resume_if_asked(self, name: str) -> bool:
        """Resume a training if it was asked to, and return whether it was."""
        asked = requests.pending(self.runs / name) != "pause"
        if asked:
            self.write(name, "running")
        return asked

    def threads(self, *names: str) -> int:
        return sum(run_json.read(self.runs / name)["recipe"]["threads"] or CORES for name in names)

    def waiting(self) -> list[str]:
        return [each.name for each in queue_records.queued_runs(self.runs)]

    async def maintain(self) -> None:
        """Start the next runs as maintenance does, and wait until they have started."""
        await self.queue.start_next()
        while tasks := list(self.queue._tasks):
            await asyncio.wait(tasks)
            # A finished task is removed in the next iteration of the event loop.
            await asyncio.sleep(0)

    async def start(self, *threads: int) -> list[str]:
        return await self.queue.start([recipe(each) for each in threads])


def recipe(threads: int) -> Recipe:
    return changed(Recipe(), {"threads": threads})


@pytest.fixture
def some(runs: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trainings]:
    monkeypatch.setattr(queues, "available_cores", lambda: CORES)
    monkeypatch.setattr(queues, "RESUME_SECONDS", 0.0)
    found = Trainings(runs)
    yield found
    found.queue.end()
    for name in found.training:
        found.end(name)


def done(work: Any) -> Any:
    return awaited(work)


@pytest.mark.slow
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(thread_counts=st.lists(st.integers(0, CORES + 2), min_size=1, max_size=6), ends=st.integers(0, CORES))
def test_running_trainings_fit_the_cores(
    some: Trainings, tmp_path_factory: pytest.TempPathFactory, thread_counts: list[int], ends: int
) -> None:
    async def all_of_them() -> None:
        each = Trainings(tmp_path_factory.mktemp("many"))
        names = await each.start(*thread_counts)
        while True:
            await each.maintain()
            at_work = each.training
            # Runs that start together do so in any order.
            count = len(each.started)
            assert (sorted(each.started), each.waiting()) == (sorted(names[:count]), names[count:])
            assert len(at_work) == 1 or sum(min(each.threads(name), CORES) for name in at_work) <= CORES
            if not at_work:
                break
            each.end(at_work[ends % len(at_work)])
        assert sorted(each.started) == sorted(names)
        each.queue.end()

    done(all_of_them())


def test_a_race_divides_the_cores(some: Trainings) -> None:
    async def race() -> None:
        names = await some.queue.race([recipe(0)] * 3)
        await some.maintain()
        assert sorted(some.started) == sorted(names)
        assert [some.threads(name) for name in names] == [1, 1, 1]

    done(race())


def test_a_paused_run_leaves_its_cores(some: Trainings) -> None:
    async def pause() -> None:
        first, second = await some.start(0, 0)
        await some.maintain()
        assert some.started == [first]
        some.pause(first)
        await some.maintain()
        assert some.started == [first, second]
        await some.queue.resume(some.runs / first)
        await some.maintain()
        assert not some.resume_if_asked(first)
        assert queue_records.position(some.runs, first) == 0
        some.end(second)
        await some.maintain()
        assert some.resume_if_asked(first)
        assert some.waiting() == []

    done(pause())


def test_trainings_of_other_processes_count(some: Trainings) -> None:
    folder = made.run(some.runs, "elsewhere", facts={"status": "running", "result": None}, threads=CORES)

    async def wait() -> None:
        lock = FolderLock(folder)
        lock.acquire()
        names = await some.start(1)
        await some.maintain()
        assert some.started == []
        lock.release()
        await some.maintain()
        assert some.started == names

    done(wait())


def test_a_canceled_run_is_deleted(some: Trainings) -> None:
    async def cancel() -> None:
        first, second, third = await some.start(0, 0, 0)
        await some.maintain()
        assert await some.queue.cancel(some.runs / second)
        assert not (some.runs / second).exists()
        assert queue_records.position(some.runs, third) == 0
        # A run that trains is not in the queue.
        assert not await some.queue.cancel(some.runs / first)
        some.end(first)
        await some.maintain()
        assert some.started == [first, third]

    done(cancel())


def test_a_run_canceled_during_its_start_is_deleted(some: Trainings) -> None:
    async def cancel() -> None:
        (name,) = await some.start(0)
        await some.queue.start_next()
        assert await some.queue.cancel(some.runs / name)
        await some.maintain()
        assert (some.started, list(some.runs.glob("2*"))) == ([], [])

    done(cancel())


def test_a_deleted_run_leaves_the_queue(some: Trainings) -> None:
    async def delete() -> None:
        first, second = await some.start(0, 0)
        shutil.rmtree(some.runs / first)
        await some.maintain()
        assert some.started == [second]
        assert not (some.runs / first).exists()

    done(delete())


@pytest.mark.parametrize(
    ("problems", "reason"),
    [
        ([Problem(422, "picture.source must be a picture")], "picture.source must be a picture"),
        ([WorkerEnded(Path("log")), WorkerEnded(Path("log"))], "ended unexpectedly; see log"),
    ],
)
def test_a_failed_start_is_recorded(some: Trainings, problems: list[Exception], reason: str) -> None:
    async def fail() -> None:
        first, second = await some.start(0, 0)
        some.problems[first] = problems
        await some.maintain()
        await some.maintain()
        found = run_json.read(some.runs / first)
        assert found["status"] == "failed"
        assert reason in found["findings"][0]
        assert some.started == [second]

    done(fail())


def test_a_failed_resumption_is_recorded(some: Trainings) -> None:
    folder = made.run(some.runs, "one", facts={"status": "stopped", "findings": ["too short"]})
    reason = "engine must be one that trains this recipe"

    async def fail() -> None:
        for _ in range(2):
            await some.queue.resume(folder)
            some.problems["one"] = [Problem(422, reason)]
            await some.maintain()
            await some.maintain()
            found = run_json.read(folder)
            assert (found["status"], found["findings"]) == ("stopped", ["too short", reason])

    done(fail())


def test_a_failed_run_is_not_started_again(some: Trainings, monkeypatch: pytest.MonkeyPatch) -> None:
    drop, dropping, maintained = queue_records.drop, threading.Event(), threading.Event()

    def slowly(runs: Path, name: str) -> bool:
        dropping.set()
        assert maintained.wait(PATIENCE)
        return drop(runs, name)

    async def refuse() -> None:
        (name,) = await some.start(1)
        some.problems[name] = [Problem(422, "picture.source must be a picture")]
        monkeypatch.setattr(queue_records, "drop", slowly)
        await some.queue.start_next()
        await asyncio.to_thread(dropping.wait, PATIENCE)
        # Maintenance runs before its record is removed.
        await some.queue.start_next()
        turns = len(some.queue._tasks)
        maintained.set()
        await some.maintain()
        assert (turns, some.started, some.waiting()) == (1, [], [])

    done(refuse())


def test_a_run_that_fails_while_the_queue_is_read_is_not_started_again(
    some: Trainings, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop, dropping, may_drop, failed = queue_records.drop, threading.Event(), threading.Event(), threading.Event()
    at_work = some.queue._at_work

    def slowly(runs: Path, name: str) -> bool:
        dropping.set()
        assert may_drop.wait(PATIENCE)
        return drop(runs, name)

    def at_work_after_the_failure(cores: int) -> dict[str, int]:
        may_drop.set()
        assert failed.wait(PATIENCE)
        return at_work(cores)

    async def fail() -> None:
        (name,) = await some.start(1)
        some.problems[name] = [Problem(422, "picture.source must be a picture")]
        monkeypatch.setattr(queue_records, "drop", slowly)
        await some.queue.start_next()
        await asyncio.to_thread(dropping.wait, PATIENCE)
        (task,) = some.queue._tasks
        task.add_done_callback(lambda _: failed.set())
        # The next maintenance has read the record, and then the start fails.
        monkeypatch.setattr(some.queue, "_at_work", at_work_after_the_failure)
        await some.maintain()
        assert (some.started, some.waiting()) == ([], [])

    done(fail())


def test_a_run_whose_record_cannot_be_removed_is_started_once(some: Trainings, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(runs: Path, name: str) -> bool:
        raise RunError(f"cannot write {runs}")

    async def start() -> None:
        monkeypatch.setattr(queue_records, "drop", refuse)
        (name,) = await some.start(1)
        await some.maintain()
        some.end(name)
        await some.maintain()
        assert some.started == [name]

    done(start())


def test_a_start_is_retried_once(some: Trainings) -> None:
    async def again() -> None:
        (name,) = await some.start(0)
        some.problems[name] = [WorkerEnded(None)]
        await some.maintain()
        assert some.started == [name]

    done(again())


def test_the_next_studio_continues_the_queue(some: Trainings) -> None:
    async def next_one() -> None:
        names = await some.start(0, 0)
        other = Trainings(some.runs)
        await some.maintain()
        # While one studio leads, another one over the same folder only queues.
        names += await other.start(0)
        some.end(names[0])
        await other.maintain()
        assert (other.started, other.waiting()) == ([], names[1:])
        some.queue.end()
        await other.maintain()
        assert other.started == [names[1]]
        other.queue.end()
        other.end(names[1])

    done(next_one())


def test_studios_of_two_users_are_independent(some: Trainings, monkeypatch: pytest.MonkeyPatch) -> None:
    async def both() -> None:
        await some.start(1)
        await some.maintain()
        monkeypatch.setattr(queue_records, "_key", lambda: b"another user's")
        other = Trainings(some.runs)
        names = await other.start(1)
        await other.maintain()
        assert other.started == names
        other.queue.end()
        other.end(names[0])

    done(both())


def _unsigned(runs: Path, folder: Path) -> None:
    record = {"name": folder.name, "seal": "0" * 64}
    (runs / ".studio" / "queue").mkdir(parents=True)
    (runs / ".studio" / "queue" / "1.json").write_text(json.dumps(record))


def _signed_for_another_folder(runs: Path, folder: Path) -> None:
    other = runs.with_name("other")
    shutil.copytree(runs, other)
    queue_records.add(other, folder.name)
    shutil.copytree(other / ".studio", runs / ".studio")


def _signed_for_another_recipe(runs: Path, folder: Path) -> None:
    queue_records.add(runs, folder.name)
    found = run_json.read(folder)
    found["recipe"]["model"]["width"] = 60_000
    (folder / "run.json").write_text(json.dumps(found))


@pytest.mark.parametrize("write", [_unsigned, _signed_for_another_folder, _signed_for_another_recipe])
def test_unsigned_records_start_nothing(some: Trainings, write: Callable[[Path, Path], None]) -> None:
    folder = queued.enqueue(some.runs, recipe(1))
    write(some.runs, folder)
    done(some.maintain())
    assert some.started == []
    assert entry.read(folder).state == "queued"


def test_a_queued_run_without_a_record_can_be_started_or_canceled(some: Trainings) -> None:
    async def both() -> None:
        one, other = (queued.enqueue(some.runs, recipe(1)) for _ in range(2))
        assert await some.queue.cancel(one)
        assert not one.exists()
        await some.queue.resume(other)
        await some.maintain()
        assert some.started == [other.name]

    done(both())


def test_an_ended_studio_starts_nothing(some: Trainings) -> None:
    async def end() -> None:
        (name,) = await some.start(1)
        some.queue.end()
        await some.maintain()
        assert (some.started, some.waiting()) == ([], [name])

    done(end())


@pytest.mark.parametrize("text", ["", "[" * 10_000, "{}", '{"name": "../x", "seal": "0"}', '{"name": 1, "seal": "0"}'])
def test_an_invalid_record_is_skipped(some: Trainings, text: str) -> None:
    (some.runs / ".studio" / "queue").mkdir(parents=True)
    (some.runs / ".studio" / "queue" / "0.json").write_text(text)

    async def start() -> None:
        names = await some.start(1)
        await some.maintain()
        assert some.started == names

    done(start())


def test_all_arms_are_queued_or_none(some: Trainings, monkeypatch: pytest.MonkeyPatch) -> None:
    add, left = queue_records.add, [True, True]

    def full(runs: Path, name: str) -> None:
        if not left:
            raise RunError("no space left on device")
        left.pop()
        add(runs, name)

    monkeypatch.setattr(queue_records, "add", full)
    with pytest.raises(RunError, match="no space"):
        done(some.queue.race([recipe(0)] * 3))
    assert [path.name for path in some.runs.iterdir()] == [".studio"]
    assert some.waiting() == []


def test_a_run_of_a_custom_network_is_not_queued(some: Trainings) -> None:
    folder = made.run(some.runs, "own", facts={"status": "stopped"}, model={"module": "nets:Net"})
    with pytest.raises(Problem, match="sfumato resume own --module"):
        done(some.queue.resume(folder))
    assert some.waiting() == []


@pytest.mark.parametrize("known", [False, True])
def test_a_run_queued_by_somebody_else_reads_no_file(some: Trainings, known: bool) -> None:
    source = {"source": "/home/somebody/secret.png"}
    folder = queued.enqueue(some.runs, changed(Recipe(), {"picture": source}))
    if known:
        # Also if a run here has learned it: that run stored its picture, and the file may have changed.
        stored = made.run(some.runs, "own", picture=source)
        (stored / "picture.npy").touch()
    with pytest.raises(Problem, match="sfumato resume"):
        done(some.queue.resume(folder))
    assert some.waiting() == []


@pytest.mark.parametrize("where", [(queue_records, "queued_runs"), (queues, "_threads")])
def test_a_studio_that_ends_meanwhile_starts_nothing(
    some: Trainings, where: tuple[Any, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def end() -> None:
        (name,) = await some.start(1)
        loop, look = asyncio.get_running_loop(), getattr(*where)

        def meanwhile(*asked: Any) -> Any:
            # Before the queue receives the result.
            loop.call_soon_threadsafe(some.queue.end)
            return look(*asked)

        monkeypatch.setattr(*where, meanwhile)
        await some.maintain()
        monkeypatch.setattr(*where, look)
        assert (some.started, some.waiting()) == ([], [name])
        assert run_json.read(some.runs / name)["status"] == "queued"

    done(end())
