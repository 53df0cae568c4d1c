"""What Numba's cache on disk has to know of other files than the one that a cached function stands in."""

from __future__ import annotations

import inspect
import sys
import zlib
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

_FIXED = {*sys.stdlib_module_names, "llvmlite", "numba", "numpy"}
"""Modules that do not change while a version of Numba and Python stays, which the cache knows."""


def stamp(*modules: ModuleType) -> int:
    """A number that changes with the source of any of these modules.

    The cache asks only whether a function's own file has changed, and what the function closes over: a function that
    closes over this number is compiled anew when one of the files that are compiled into it changes.
    """
    return zlib.crc32("".join(inspect.getsource(module) for module in modules).encode())


def source_hash(*functions: Callable[..., Any]) -> int:
    """Return `stamp` of every module from which code comes into these functions: theirs, and those of what they call.

    Functions are found by the names that a function uses of its module, through Numba's wrappers.
    """
    found: dict[str, ModuleType] = {}
    seen: set[int] = set()
    waiting: list[Any] = list(functions)
    while waiting:
        value = waiting.pop()
        if isinstance(value, ModuleType):
            if not _is_fixed(value.__name__):
                found[value.__name__] = value
            continue
        function = _unwrapped(value)
        if not isinstance(function, FunctionType) or id(function) in seen or _is_fixed(function.__module__):
            continue
        seen.add(id(function))
        found[function.__module__] = sys.modules[function.__module__]
        names = set(_names(function.__code__))
        waiting += [value for name, value in function.__globals__.items() if name in names]
        waiting += [cell.cell_contents for cell in function.__closure__ or ()]
    return stamp(*(found[name] for name in sorted(found)))


def _unwrapped(value: Any) -> Any:
    # What Numba's njit and intrinsic made of a function.
    for attribute in ("py_func", "_defn"):
        value = getattr(value, attribute, value)
    return value


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _is_fixed(module: str) -> bool:
    return module.partition(".")[0] in _FIXED
