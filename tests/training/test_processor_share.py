"""The share of processor time, from given counts: no test depends on the load of the machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sfumato.training import processor_share
from sfumato.training.processor_share import Counts, ProcessorShare, read_schedstat, starvation_finding


def reader(*readings: Counts | None) -> Callable[[], Counts | None]:
    """Return a function that returns the readings one after the other, and the last one forever."""

    def readings_in_turn() -> Iterator[Counts | None]:
        yield from readings
        while True:
            yield readings[-1]

    return readings_in_turn().__next__


def share(*readings: Counts | None, threads: int = 2) -> float | None:
    processor = ProcessorShare(threads, reader(*readings))
    for _ in readings[1:]:
        with processor.training():
            pass
    return processor.share()


@pytest.fixture(autouse=True)
def _read_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processor_share, "SECONDS_BETWEEN", 0.0)


def test_an_idle_machine_gives_all() -> None:
    assert share({"1": (5.0, 9.0), "2": (1.0, 9.0)}, {"1": (15.0, 9.0), "2": (11.0, 9.0)}) == 1.0


def test_earlier_waits_do_not_count() -> None:
    assert share({"1": (0.0, 100.0)}, {"1": (6.0, 102.0)}) == 0.75


def test_three_trainings_on_two_cores() -> None:
    # Each of two threads runs a third of 20 s, and waits for the rest, spinning or not.
    found = share({"1": (0.0, 0.0), "2": (0.0, 0.0)}, {"1": (6.7, 13.3), "2": (6.7, 13.3)})
    assert found == pytest.approx(0.335)
    finding = starvation_finding(found, "seconds", 2)
    assert finding is not None
    assert "got 34% of the processor time that its 2 threads requested" in finding


def test_threads_that_sleep_or_end_or_start_request_nothing_else() -> None:
    found = share({"1": (0.0, 0.0), "2": (3.0, 3.0)}, {"1": (2.0, 0.0), "3": (1.0, 1.0)}, {"1": (2.0, 0.0)})
    assert found == 0.75


def test_too_little_time_gives_no_share() -> None:
    assert share({"1": (0.0, 0.0)}, {"1": (0.1, 0.3)}) is None


@pytest.mark.parametrize("ended", ["epochs", "steps", "psnr", "stopped"])
def test_it_is_only_a_finding_if_seconds_end_the_training(ended: str) -> None:
    assert starvation_finding(0.3, ended, 2) is None
    assert starvation_finding(0.3, "seconds", 2) is not None
    assert starvation_finding(0.9, "seconds", 2) is None
    assert starvation_finding(None, "seconds", 2) is None


def test_without_counts_one_thread_is_measured_by_its_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    wall, thread = iter([0.0, 10.0]), iter([0.0, 4.0])
    monkeypatch.setattr(processor_share.time, "perf_counter", wall.__next__)
    monkeypatch.setattr(processor_share.time, "thread_time", thread.__next__)
    assert share(None, None, threads=1) == 0.4
    monkeypatch.undo()
    assert share(None, None, threads=2) is None


def test_the_counts_of_linux_are_read() -> None:
    found = read_schedstat()
    if Path("/proc/self/schedstat").exists():
        assert found is not None
        assert found[str(os.getpid())][0] > 0


def test_other_systems_have_no_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processor_share, "TASKS", tmp_path / "none")
    assert read_schedstat() is None
