"""Answers that were made before, as long as they are wanted: the least lately used go first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

MOST_BYTES = 64_000_000


class Kept:
    """Bytes by what they answer."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most = most
        self._size = 0
        self._all: OrderedDict[Hashable, bytes] = OrderedDict()

    def get(self, key: Hashable) -> bytes | None:
        """What was kept, or None."""
        found = self._all.get(key)
        if found is not None:
            self._all.move_to_end(key)
        return found

    def put(self, key: Hashable, data: bytes) -> None:
        """Keep it, and let others go for it."""
        self._size += len(data) - len(self._all.pop(key, b""))
        self._all[key] = data
        while self._size > self._most:
            _, gone = self._all.popitem(last=False)
            self._size -= len(gone)
