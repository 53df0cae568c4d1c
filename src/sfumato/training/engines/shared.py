"""Arrays and memory shared between networks that are trained at the same time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Array = TypeVar("Array", bound=NDArray[Any])
Item = TypeVar("Item")


class Shared:
    """Equal arrays, held once, and a pool of memory that networks borrow while they compute; safe for threads."""

    def __init__(self) -> None:
        self._arrays: defaultdict[Hashable, list[NDArray[Any]]] = defaultdict(list)
        self._unused: defaultdict[Hashable, list[Any]] = defaultdict(list)

    def intern(self, array: Array) -> Array:
        """Return the first interned array with the same bits, or ``array`` itself if it is the first.

        It must be C-contiguous, and must not be written to from now on.
        """
        candidates = self._arrays[array.shape, array.dtype.str, array[:1].tobytes()]
        for held in candidates:
            # Compared as bytes: -0 differs from 0, and NaN equals itself.
            if np.array_equal(held.view(np.uint8), array.view(np.uint8)):
                return held  # pyright: ignore[reportReturnType]
        candidates.append(array)
        return array

    @contextmanager
    def borrow(self, kind: Hashable, make: Callable[[], Item]) -> Iterator[Item]:
        """Lend an item of a kind to one user at a time; ``make`` makes another when all of the kind are in use."""
        unused = self._unused[kind]
        try:
            item = unused.pop()
        except IndexError:
            item = make()
        try:
            yield item
        finally:
            unused.append(item)
