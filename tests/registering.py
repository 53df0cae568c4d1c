"""The members of tests/dummies.py, registered for a while."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def dummies() -> Iterator[None]:
    """Have them for the time of the block: other tests look at all members of a family."""
    module = importlib.import_module("tests.dummies")
    try:
        yield
    finally:
        for member in module.MEMBERS:
            del member.members[member.name]
        del sys.modules[module.__name__]
