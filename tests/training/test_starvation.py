"""What a training got of the processor, from counts that are given: nothing here depends on the machine's load."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sfumato.training import starvation
from sfumato.training.starvation import Counts, Processor, counted_by_system, starved


def counts(*found: Counts | None) -> Callable[[], Counts | None]:
    """One after the other, the last again and again."""

    def following() -> Iterator[Counts | None]:
        yield from found
        while True:
            yield found[-1]

    return following().__next__


def share(*found: Counts | None, threads: int = 2) -> float | None:
    processor = Processor(threads, counts(*found))
    for _ in found[1:]:
        with processor.training():
            pass
    return processor.share()


@pytest.fixture(autouse=True)
def _looks_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starvation, "SECONDS_BETWEEN", 0.0)


def test_alone_it_gets_all() -> None:
    assert share({"1": (5.0, 9.0), "2": (1.0, 9.0)}, {"1": (15.0, 9.0), "2": (11.0, 9.0)}) == 1.0


def test_what_was_waited_before_is_not_its_own() -> None:
    assert share({"1": (0.0, 100.0)}, {"1": (6.0, 102.0)}) == 0.75


def test_three_at_once_on_two_cores() -> None:
    # Each of two threads runs a third of 20 s, and waits for the rest, spinning or not.
    found = share({"1": (0.0, 0.0), "2": (0.0, 0.0)}, {"1": (6.7, 13.3), "2": (6.7, 13.3)})
    assert found == pytest.approx(0.335)
    said = starved(found, "seconds", 2)
    assert said is not None
    assert "got 34% of the processor time that its 2 threads asked for" in said


def test_threads_that_sleep_or_end_or_begin_ask_for_nothing_more() -> None:
    found = share({"1": (0.0, 0.0), "2": (3.0, 3.0)}, {"1": (2.0, 0.0), "3": (1.0, 1.0)}, {"1": (2.0, 0.0)})
    assert found == 0.75


def test_too_little_tells_nothing() -> None:
    assert share({"1": (0.0, 0.0)}, {"1": (0.1, 0.3)}) is None


@pytest.mark.parametrize("ended", ["epochs", "steps", "psnr", "stopped"])
def test_only_the_clock_makes_it_a_finding(ended: str) -> None:
    assert starved(0.3, ended, 2) is None
    assert starved(0.3, "seconds", 2) is not None
    assert starved(0.9, "seconds", 2) is None
    assert starved(None, "seconds", 2) is None


def test_without_the_system_s_counts_one_thread_is_told_by_its_own_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    wall, own = iter([0.0, 10.0]), iter([0.0, 4.0])
    monkeypatch.setattr(starvation.time, "perf_counter", wall.__next__)
    monkeypatch.setattr(starvation.time, "thread_time", own.__next__)
    assert share(None, None, threads=1) == 0.4
    monkeypatch.undo()
    assert share(None, None, threads=2) is None


def test_what_linux_counts_is_read() -> None:
    found = counted_by_system()
    if Path("/proc/self/schedstat").exists():
        assert found is not None
        assert found[str(os.getpid())][0] > 0


def test_elsewhere_nothing_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starvation, "TASKS", tmp_path / "none")
    assert counted_by_system() is None
