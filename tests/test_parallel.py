from __future__ import annotations

import threading

import pytest
import torch

from sfumato.parallel import spread


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_results_are_in_the_order_of_the_items(threads: int) -> None:
    assert spread(lambda number: number * number, range(7), threads) == [0, 1, 4, 9, 16, 25, 36]


def test_every_thread_computes_alone() -> None:
    meeting = threading.Barrier(2, timeout=10)

    def work(number: int) -> tuple[int, str]:
        meeting.wait()
        return torch.get_num_threads(), threading.current_thread().name

    (one, first), (two, second) = spread(work, [0, 1], threads=2)
    assert (one, two) == (1, 1)
    assert first != second


def test_one_thread_is_the_caller_s() -> None:
    assert spread(lambda _: threading.current_thread(), [0, 1], threads=1) == [threading.current_thread()] * 2
    assert spread(lambda _: threading.current_thread(), [0], threads=5) == [threading.current_thread()]


def test_an_error_reaches_the_caller() -> None:
    with pytest.raises(ZeroDivisionError):
        spread(lambda number: 1 // number, [0, 1], threads=2)
