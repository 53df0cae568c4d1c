"""What networks that are trained side by side hold once, all together."""

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
    """Equal arrays, and memory that each uses only while it computes. Threads may use it at once."""

    def __init__(self) -> None:
        self._arrays: defaultdict[Hashable, list[NDArray[Any]]] = defaultdict(list)
        self._unused: defaultdict[Hashable, list[Any]] = defaultdict(list)

    def intern(self, array: Array) -> Array:
        """The first array that was given here with these very bits: ``array`` itself where there was none.

        It must be C-contiguous, and from now on nobody may write to it.
        """
        candidates = self._arrays[array.shape, array.dtype.str, array[:1].tobytes()]
        for held in candidates:
            # As bytes: -0 is not 0, and not-a-number is itself.
            if np.array_equal(held.view(np.uint8), array.view(np.uint8)):
                return held  # pyright: ignore[reportReturnType]
        candidates.append(array)
        return array

    @contextmanager
    def borrow(self, kind: Hashable, make: Callable[[], Item]) -> Iterator[Item]:
        """What ``make`` made, for one user at a time: as many are made of a kind as are used at once."""
        unused = self._unused[kind]
        try:
            item = unused.pop()
        except IndexError:
            item = make()
        try:
            yield item
        finally:
            unused.append(item)
