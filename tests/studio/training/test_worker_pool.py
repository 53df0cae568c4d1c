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
from sfumato.studio.web.problems import Problem
from tests.awaited import awaited
from tests.patience import PATIENCE

RUN = Path("one")


class Frail:
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
        Frail.made += 1
        self._end = threading.Event()

    def ask(self, order: dict[str, Any], _: float) -> tuple[dict[str, Any], bytes]:
        time.sleep(Frail.seconds)
        Frail.reached.append(order["do"])
        if order["do"] in Frail.held:
            assert Frail.held[order["do"]].wait(PATIENCE)
        if order["do"] == "load":
            return {"loaded": True}, b""
        Frail.asked += 1
        if Frail.slow:
            raise TimeoutError("it takes too long")
        if Frail.until_ended and self._end.wait(Frail.until_ended):
            raise OSError("it ended")
        if Frail.left:
            Frail.left -= 1
            raise OSError("it ended")
        return {"name": Path(order["folder"]).name} if order["do"] == "resume" else {"works": True}, b""

    def next_message(self, _: float) -> tuple[dict[str, Any], bytes]:
        return {"free": True}, b""

    def close(self) -> None: ...

    def end(self) -> None:
        Frail.killed += 1
        self._end.set()


async def still_there() -> bool:
    return False


async def reached(what: str) -> None:
    """Wait until a process carries out this request."""
    async with asyncio.timeout(PATIENCE):
        while what not in Frail.reached:
            await asyncio.sleep(0.01)


async def others_go_on() -> None:
    """Let other tasks run."""
    for _ in range(3):
        await asyncio.sleep(0.02)


@pytest.fixture
def some(runs: Path, monkeypatch: pytest.MonkeyPatch) -> WorkerPool:
    """Return a pool whose processes are `Frail`."""
    monkeypatch.setattr(worker_pool, "Subprocess", Frail)
    monkeypatch.setattr(worker_pool, "WAIT_SECONDS", PATIENCE)
    monkeypatch.setattr(Frail, "reached", [])
    monkeypatch.setattr(Frail, "held", {})
    Frail.asked = Frail.made = Frail.killed = 0
    return WorkerPool(runs)


def test_a_check_is_not_retried(some: WorkerPool) -> None:
    # What ended the process, such as too little memory, would end another one too.
    Frail.left = 1
    with pytest.raises(WorkerEnded, match=r"ended unexpectedly; see .*\.log"):
        awaited(some.check(Recipe(), still_there))
    assert Frail.asked == 1
    assert awaited(some.check(Recipe(), still_there)) == {"works": True}


def test_an_abandoned_check_is_stopped(some: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_pool, "ABANDONED_SECONDS", 0.1)
    monkeypatch.setattr(worker_pool, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(Frail, "until_ended", 30.0)
    left = False

    async def leaves() -> bool:
        return left

    async def checked() -> None:
        nonlocal left
        check = asyncio.create_task(some.check(Recipe(), leaves))
        while not Frail.asked:
            await asyncio.sleep(0.01)
        left = True
        with pytest.raises(Problem, match="has disconnected"):
            await check

    awaited(checked())
    assert (Frail.made, Frail.asked, Frail.killed) == (1, 1, 1)


def test_a_check_has_a_time_limit(some: WorkerPool) -> None:
    Frail.slow = True
    try:
        with pytest.raises(CheckTimeout, match="was stopped after"):
            awaited(some.check(Recipe(), still_there, 0.05))
    finally:
        Frail.slow = False
    assert (Frail.asked, Frail.killed) == (1, 1)


def test_loading_has_a_time_limit(some: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    class Late(Frail):
        def ask(self, order: dict[str, Any], _: float) -> tuple[dict[str, Any], bytes]:
            if self._end.is_set():
                raise OSError("it ended")
            if order["do"] == "load":
                raise TimeoutError("it takes too long")
            return {"loaded": True}, b""

    # Its reply would be taken for the reply to the next request.
    monkeypatch.setattr(worker_pool, "Subprocess", Late)
    with pytest.raises(WorkerEnded):
        awaited(some.resume(RUN))
    assert Frail.killed == 1


def test_a_run_is_not_retried(some: WorkerPool) -> None:
    Frail.left = 1
    with pytest.raises(WorkerEnded):
        awaited(some.resume(RUN))
    assert Frail.asked == 1


def test_no_worker_is_warmed_before_it_may_be_needed(some: WorkerPool) -> None:
    async def looked_at() -> None:
        some.reap()
        assert Frail.made == 0
        some.keep_warm()
        some.reap()
        await reached("load")
        some.reap()

    awaited(looked_at())
    assert Frail.made == 1


def test_a_worker_stays_warm_after_a_check(some: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    async def checked() -> None:
        await some.check(Recipe(), still_there)
        monkeypatch.setattr(Frail, "ended", True)
        some.reap()

    awaited(checked())
    assert Frail.made == 2


def test_a_run_waits_for_the_warm_process_that_checks(some: WorkerPool) -> None:
    answers = Frail.held["check"] = threading.Event()

    async def both() -> None:
        some.keep_warm()
        some.reap()
        check = asyncio.create_task(some.check(Recipe(), still_there))
        await reached("check")
        # Maintenance keeps a worker that checks.
        some.reap()
        run = asyncio.create_task(some.resume(RUN))
        await others_go_on()
        answers.set()
        await run
        await check

    awaited(both())
    assert some.training == ["one"]
    assert Frail.made == 1
    some.reap()
    assert Frail.made == 1, "the next one is warmed later, beside a training"


def test_a_run_takes_a_loading_worker_from_a_check(some: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_pool, "LEAVE_SECONDS", 0.0)
    loads = Frail.held["load"] = threading.Event()
    left = False

    async def leaves() -> bool:
        return left

    async def both() -> None:
        nonlocal left
        check = asyncio.create_task(some.check(Recipe(), leaves))
        await reached("load")
        run = asyncio.create_task(some.resume(RUN))
        await others_go_on()
        left = True
        loads.set()
        await run
        with pytest.raises(Problem, match="has disconnected"):
            await check

    awaited(both())
    assert some.training == ["one"]
    assert (Frail.made, Frail.asked) == (1, 1)


def test_no_worker_is_warmed_while_a_run_starts(some: WorkerPool) -> None:
    loads, begins = threading.Event(), threading.Event()
    Frail.held |= {"load": loads, "resume": begins}

    async def begun() -> None:
        some.keep_warm()
        some.reap()
        run = asyncio.create_task(some.resume(RUN))
        for what, held in (("load", loads), ("resume", begins)):
            await reached(what)
            await others_go_on()
            some.reap()
            held.set()
        await run

    awaited(begun())
    assert Frail.made == 1


def test_a_worker_takes_the_next_run(some: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    async def one_after_another() -> None:
        some.keep_warm()
        some.reap()
        await some.resume(RUN)
        some.reap()
        assert some.training == ["one"]
        monkeypatch.setattr(Frail, "has_message", True)
        some.reap()
        assert some.training == []
        monkeypatch.setattr(Frail, "has_message", False)
        await some.resume(Path("two"))

    awaited(one_after_another())
    assert some.training == ["two"]
    assert Frail.made == 1


def test_simultaneous_checks_share_few_processes(some: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Frail, "seconds", 0.05)
    monkeypatch.setattr(worker_pool, "WAIT_SECONDS", 0.0)

    async def many() -> None:
        await asyncio.gather(*(some.check(Recipe(), still_there) for _ in range(20)))

    awaited(many())
    assert Frail.made <= worker_pool.CHECKS_AT_ONCE
    assert Frail.asked == 20


def test_a_canceled_run_is_not_started(some: WorkerPool) -> None:
    awaited(some.resume(RUN, lambda: False))
    assert (Frail.asked, list(some.training)) == (0, [])
