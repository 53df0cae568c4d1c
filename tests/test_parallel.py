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
    barrier = threading.Barrier(2, timeout=PATIENCE)

    def work(number: int) -> tuple[int, str]:
        barrier.wait()
        return torch.get_num_threads(), threading.current_thread().name

    (one, first), (two, second) = parallel_map(work, [0, 1], threads=2)
    assert (one, two) == (1, 1)
    assert first != second


def test_with_one_thread_the_caller_s_does_the_work() -> None:
    assert parallel_map(lambda _: threading.current_thread(), [0, 1], threads=1) == [threading.current_thread()] * 2
    assert parallel_map(lambda _: threading.current_thread(), [0], threads=5) == [threading.current_thread()]


def test_an_error_reaches_the_caller() -> None:
    with pytest.raises(ZeroDivisionError):
        parallel_map(lambda number: 1 // number, [0, 1], threads=2)


def test_a_thread_that_is_done_takes_the_next_item() -> None:
    others_done = threading.Event()

    def work(number: int) -> str:
        if number == 0:
            assert others_done.wait(PATIENCE)
        if number == 4:
            others_done.set()
        return threading.current_thread().name

    first, *others = parallel_map(work, range(5), threads=2)
    assert first not in others


def test_another_thread_produces_a_limited_number_of_items_ahead() -> None:
    producers: list[str] = []
    third = threading.Event()

    def items() -> Iterator[int]:
        for number in range(9):
            producers.append(threading.current_thread().name)
            if number == 2:
                third.set()
            yield number

    with prefetch(items(), 3) as iterator:
        assert third.wait(PATIENCE)
        assert len(producers) == 3
        assert list(iterator) == list(range(9))
    assert threading.current_thread().name not in producers


def test_an_error_is_raised_where_its_item_is_taken() -> None:
    with prefetch((1 // number for number in (1, 0)), 5) as iterator:
        assert next(iterator) == 1
        with pytest.raises(ZeroDivisionError):
            next(iterator)


def test_leaving_the_block_early_ends_the_thread() -> None:
    before = threading.active_count()
    with prefetch(itertools.count(), 2) as iterator:
        assert next(iterator) == 0
    assert threading.active_count() == before
