"""A least-recently-used cache, bounded by bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

MAX_BYTES = 64_000_000


class LRUCache:
    """Values of type bytes by their keys; not thread-safe."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._entries: OrderedDict[Hashable, bytes] = OrderedDict()

    def get(self, key: Hashable) -> bytes | None:
        """Return the value of a key, or None."""
        found = self._entries.get(key)
        if found is not None:
            self._entries.move_to_end(key)
        return found

    def put(self, key: Hashable, data: bytes) -> None:
        """Store a value, and evict the least recently used ones beyond the limit."""
        self._bytes += len(data) - len(self._entries.pop(key, b""))
        self._entries[key] = data
        while self._bytes > self._max_bytes:
            _, evicted = self._entries.popitem(last=False)
            self._bytes -= len(evicted)
