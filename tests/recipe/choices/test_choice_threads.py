"""Choices are parsed in several threads at once, as in the studio and in tables of many experiments."""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from sfumato.recipe.choices.choice import Call, parse_call


class Yields:
    """Garbage that lets another thread run when it is collected."""

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        time.sleep(0)


@pytest.fixture
def many_collections() -> Iterator[None]:
    threshold, interval = gc.get_threshold(), sys.getswitchinterval()
    gc.set_threshold(5)
    sys.setswitchinterval(1e-6)
    yield
    gc.set_threshold(*threshold)
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("many_collections")
def test_calls_are_parsed_in_threads() -> None:
    """Test it with a collection of garbage in the middle of every call, at which another thread goes on."""
    errors: list[BaseException] = []

    def parse() -> None:
        try:
            for number in range(300):
                Yields()
                assert parse_call(f"adam(lr={number}, eps=2)") == Call("adam", (), (("lr", number), ("eps", 2)))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=parse) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
