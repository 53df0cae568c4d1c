"""A least-recently-used cache of answers, bounded by their bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

MOST_BYTES = 64_000_000


class LRUCache:
    """Bytes by what they answer; not for several threads at once."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._entries: OrderedDict[Hashable, bytes] = OrderedDict()

    def get(self, key: Hashable) -> bytes | None:
        """Return what was put under a key, or None."""
        found = self._entries.get(key)
        if found is not None:
            self._entries.move_to_end(key)
        return found

    def put(self, key: Hashable, data: bytes) -> None:
        """Keep the data, and evict the least recently used for it."""
        self._bytes += len(data) - len(self._entries.pop(key, b""))
        self._entries[key] = data
        while self._bytes > self._most_bytes:
            _, evicted = self._entries.popitem(last=False)
            self._bytes -= len(evicted)
