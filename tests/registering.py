"""Temporary registration of the components of tests/dummies.py."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def dummies() -> Iterator[None]:
    """Register the dummy components in the block only, because other tests iterate over all members of a family."""
    module = importlib.import_module("tests.dummies")
    try:
        yield
    finally:
        for member in module.MEMBERS:
            del member.members[member.name]
        del sys.modules[module.__name__]
