"""What Numba's cache on disk has to know of other files than the one that a cached function stands in."""

from __future__ import annotations

import inspect
import zlib
from types import ModuleType


def stamp(*modules: ModuleType) -> int:
    """A number that changes with the source of any of these modules.

    The cache asks only whether a function's own file has changed, and what the function closes over: a function that
    closes over this number is compiled anew when one of the files that are compiled into it changes.
    """
    return zlib.crc32("".join(inspect.getsource(module) for module in modules).encode())
