from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator

import pytest
import torch

from sfumato.parallel import parallel_map, prefetch
from tests.patience import PATIENCE


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_results_are_in_the_order_of_the_items(threads: int) -> None:
    assert parallel_map(lambda number: number * number, range(7), threads) == [0, 1, 4, 9, 16, 25, 36]


def test_every_thread_computes_alone() -> None:
    meeting = threading.Barrier(2, timeout=PATIENCE)

    def work(number: int) -> tuple[int, str]:
        meeting.wait()
        return torch.get_num_threads(), threading.current_thread().name

    (one, first), (two, second) = parallel_map(work, [0, 1], threads=2)
    assert (one, two) == (1, 1)
    assert first != second


def test_one_thread_is_the_caller_s() -> None:
    assert parallel_map(lambda _: threading.current_thread(), [0, 1], threads=1) == [threading.current_thread()] * 2
    assert parallel_map(lambda _: threading.current_thread(), [0], threads=5) == [threading.current_thread()]


def test_an_error_reaches_the_caller() -> None:
    with pytest.raises(ZeroDivisionError):
        parallel_map(lambda number: 1 // number, [0, 1], threads=2)


def test_whoever_is_done_takes_the_next() -> None:
    go_on = threading.Event()

    def work(number: int) -> str:
        if number == 0:
            assert go_on.wait(PATIENCE)
        if number == 4:
            go_on.set()
        return threading.current_thread().name

    first, *others = parallel_map(work, range(5), threads=2)
    assert first not in others


def test_items_are_made_ahead_by_another_thread_but_not_too_many() -> None:
    made: list[str] = []
    third = threading.Event()

    def items() -> Iterator[int]:
        for number in range(9):
            made.append(threading.current_thread().name)
            if number == 2:
                third.set()
            yield number

    with prefetch(items(), 3) as taken:
        assert third.wait(PATIENCE)
        assert len(made) == 3
        assert list(taken) == list(range(9))
    assert threading.current_thread().name not in made


def test_an_error_comes_where_its_item_would() -> None:
    with prefetch((1 // number for number in (1, 0)), 5) as taken:
        assert next(taken) == 1
        with pytest.raises(ZeroDivisionError):
            next(taken)


def test_who_leaves_early_ends_the_thread() -> None:
    before = threading.active_count()
    with prefetch(itertools.count(), 2) as taken:
        assert next(taken) == 0
    assert threading.active_count() == before
