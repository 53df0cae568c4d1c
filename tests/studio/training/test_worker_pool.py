"""The worker pool, with processes that end during requests."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import Any, ClassVar

import pytest

from sfumato.recipe import Recipe
from sfumato.studio.training import worker_pool
from sfumato.studio.training.worker_pool import CheckTimeout, WorkerEnded, WorkerPool
from sfumato.studio.web.errors import Problem
from tests.awaited import awaited
from tests.patience import PATIENCE

RUN = Path("one")


class FakeSubprocess:
    """A replacement of `Subprocess` that ends at its first ``left`` requests."""

    left = 0
    asked = 0
    made = 0
    killed = 0
    seconds = 0.0
    reached: ClassVar[list[str]] = []
    """Requests in the order in which they are carried out."""
    held: ClassVar[dict[str, threading.Event]] = {}
    """Events for which the reply to a request waits."""
    until_ended = 0.0
    """Seconds until the reply, or until the process is ended."""
    slow = False
    log = Path("a.log")
    ended = False
    has_message = False

    def __init__(self, *_: Any) -> None:
        FakeSubprocess.made += 1
        self._end = threading.Event()

    def ask(self, order: dict[str, Any], _: float) -> tuple[dict[str, Any], bytes]:
        time.sleep(FakeSubprocess.seconds)
        FakeSubprocess.reached.append(order["do"])
        if order["do"] in FakeSubprocess.held:
            assert FakeSubprocess.held[order["do"]].wait(PATIENCE)
        if order["do"] == "load":
            return {"loaded": True}, b""
        FakeSubprocess.asked += 1
        if FakeSubprocess.slow:
            raise TimeoutError("it takes too long")
        if FakeSubprocess.until_ended and self._end.wait(FakeSubprocess.until_ended):
            raise OSError("it ended")
        if FakeSubprocess.left:
            FakeSubprocess.left -= 1
            raise OSError("it ended")
        return {"name": Path(order["folder"]).name} if order["do"] == "resume" else {"works": True}, b""

    def next_message(self, _: float) -> tuple[dict[str, Any], bytes]:
        return {"free": True}, b""

    def close(self) -> None: ...

    def end(self) -> None:
        FakeSubprocess.killed += 1
        self._end.set()


async def connected() -> bool:
    return False


async def reached(what: str) -> None:
    """Wait until a process carries out this request."""
    async with asyncio.timeout(PATIENCE):
        while what not in FakeSubprocess.reached:
            await asyncio.sleep(0.01)


async def run_other_tasks() -> None:
    """Let other tasks run."""
    for _ in range(3):
        await asyncio.sleep(0.02)


@pytest.fixture
def pool(runs: Path, monkeypatch: pytest.MonkeyPatch) -> WorkerPool:
    """Return a pool whose processes are `FakeSubprocess`."""
    monkeypatch.setattr(worker_pool, "Subprocess", FakeSubprocess)
    monkeypatch.setattr(worker_pool, "WAIT_SECONDS", PATIENCE)
    monkeypatch.setattr(FakeSubprocess, "reached", [])
    monkeypatch.setattr(FakeSubprocess, "held", {})
    FakeSubprocess.asked = FakeSubprocess.made = FakeSubprocess.killed = 0
    return WorkerPool(runs)


def test_a_check_is_not_retried(pool: WorkerPool) -> None:
    # What ended the process, such as too little memory, would end another one too.
    FakeSubprocess.left = 1
    with pytest.raises(WorkerEnded, match=r"ended unexpectedly; see .*\.log"):
        awaited(pool.check(Recipe(), connected))
    assert FakeSubprocess.asked == 1
    assert awaited(pool.check(Recipe(), connected)) == {"works": True}


@pytest.mark.slow
def test_an_abandoned_check_is_stopped(pool: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_pool, "ABANDONED_SECONDS", 0.1)
    monkeypatch.setattr(worker_pool, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(FakeSubprocess, "until_ended", 30.0)
    left = False

    async def has_left() -> bool:
        return left

    async def checked() -> None:
        nonlocal left
        check = asyncio.create_task(pool.check(Recipe(), has_left))
        while not FakeSubprocess.asked:
            await asyncio.sleep(0.01)
        left = True
        with pytest.raises(Problem, match="has disconnected"):
            await check

    awaited(checked())
    assert (FakeSubprocess.made, FakeSubprocess.asked, FakeSubprocess.killed) == (1, 1, 1)


def test_a_check_has_a_time_limit(pool: WorkerPool) -> None:
    FakeSubprocess.slow = True
    try:
        with pytest.raises(CheckTimeout, match="was stopped after"):
            awaited(pool.check(Recipe(), connected, 0.05))
    finally:
        FakeSubprocess.slow = False
    assert (FakeSubprocess.asked, FakeSubprocess.killed) == (1, 1)


def test_loading_has_a_time_limit(pool: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    class SlowSubprocess(FakeSubprocess):
        def ask(self, order: dict[str, Any], _: float) -> tuple[dict[str, Any], bytes]:
            if self._end.is_set():
                raise OSError("it ended")
            if order["do"] == "load":
                raise TimeoutError("it takes too long")
            return {"loaded": True}, b""

    # Its reply would be taken for the reply to the next request.
    monkeypatch.setattr(worker_pool, "Subprocess", SlowSubprocess)
    with pytest.raises(WorkerEnded):
        awaited(pool.resume(RUN))
    assert FakeSubprocess.killed == 1


def test_a_run_is_not_retried(pool: WorkerPool) -> None:
    FakeSubprocess.left = 1
    with pytest.raises(WorkerEnded):
        awaited(pool.resume(RUN))
    assert FakeSubprocess.asked == 1


def test_no_worker_is_warmed_before_it_may_be_needed(pool: WorkerPool) -> None:
    async def looked_at() -> None:
        pool.reap()
        assert FakeSubprocess.made == 0
        pool.keep_warm()
        pool.reap()
        await reached("load")
        pool.reap()

    awaited(looked_at())
    assert FakeSubprocess.made == 1


def test_a_worker_stays_warm_after_a_check(pool: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    async def checked() -> None:
        await pool.check(Recipe(), connected)
        monkeypatch.setattr(FakeSubprocess, "ended", True)
        pool.reap()

    awaited(checked())
    assert FakeSubprocess.made == 2


@pytest.mark.slow
def test_a_run_waits_for_the_warm_process_that_checks(pool: WorkerPool) -> None:
    answers = FakeSubprocess.held["check"] = threading.Event()

    async def both() -> None:
        pool.keep_warm()
        pool.reap()
        check = asyncio.create_task(pool.check(Recipe(), connected))
        await reached("check")
        # Maintenance keeps a worker that checks.
        pool.reap()
        run = asyncio.create_task(pool.resume(RUN))
        await run_other_tasks()
        answers.set()
        await run
        await check

    awaited(both())
    assert pool.training == ["one"]
    assert FakeSubprocess.made == 1
    pool.reap()
    assert FakeSubprocess.made == 1, "the next one is warmed later, beside a training"


def test_a_run_takes_a_loading_worker_from_a_check(pool: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_pool, "LEAVE_SECONDS", 0.0)
    loads = FakeSubprocess.held["load"] = threading.Event()
    left = False

    async def has_left() -> bool:
        return left

    async def both() -> None:
        nonlocal left
        check = asyncio.create_task(pool.check(Recipe(), has_left))
        await reached("load")
        run = asyncio.create_task(pool.resume(RUN))
        await run_other_tasks()
        left = True
        loads.set()
        await run
        with pytest.raises(Problem, match="has disconnected"):
            await check

    awaited(both())
    assert pool.training == ["one"]
    assert (FakeSubprocess.made, FakeSubprocess.asked) == (1, 1)


@pytest.mark.slow
def test_no_worker_is_warmed_while_a_run_starts(pool: WorkerPool) -> None:
    loads, begins = threading.Event(), threading.Event()
    FakeSubprocess.held |= {"load": loads, "resume": begins}

    async def begun() -> None:
        pool.keep_warm()
        pool.reap()
        run = asyncio.create_task(pool.resume(RUN))
        for what, held in (("load", loads), ("resume", begins)):
            await reached(what)
            await run_other_tasks()
            pool.reap()
            held.set()
        await run

    awaited(begun())
    assert FakeSubprocess.made == 1


def test_a_worker_takes_the_next_run(pool: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    async def one_after_another() -> None:
        pool.keep_warm()
        pool.reap()
        await pool.resume(RUN)
        pool.reap()
        assert pool.training == ["one"]
        monkeypatch.setattr(FakeSubprocess, "has_message", True)
        pool.reap()
        assert pool.training == []
        monkeypatch.setattr(FakeSubprocess, "has_message", False)
        await pool.resume(Path("two"))

    awaited(one_after_another())
    assert pool.training == ["two"]
    assert FakeSubprocess.made == 1


@pytest.mark.slow
def test_simultaneous_checks_share_few_processes(pool: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeSubprocess, "seconds", 0.05)
    monkeypatch.setattr(worker_pool, "WAIT_SECONDS", 0.0)

    async def many() -> None:
        await asyncio.gather(*(pool.check(Recipe(), connected) for _ in range(20)))

    awaited(many())
    assert FakeSubprocess.made <= worker_pool.CHECKS_AT_ONCE
    assert FakeSubprocess.asked == 20


def test_a_canceled_run_is_not_started(pool: WorkerPool) -> None:
    awaited(pool.resume(RUN, lambda: False))
    assert (FakeSubprocess.asked, list(pool.training)) == (0, [])
