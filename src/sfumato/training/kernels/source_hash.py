"""Hashes of source code, from which Numba's cache on disk learns of changes in other files than a function's own."""

from __future__ import annotations

import inspect
import sys
import zlib
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any, cast

import numpy as np

_FIXED = {*sys.stdlib_module_names, "llvmlite", "numba", "numpy"}
"""Modules that change only with the versions of Numba and Python, which the cache checks itself."""


def module_hash(*modules: ModuleType) -> int:
    """Return a number that changes with the source of any of these modules.

    The cache checks only a function's own file and the values in its closure: a function with this number in its
    closure is compiled again when one of the files that are compiled into it changes.
    """
    return zlib.crc32("".join(inspect.getsource(module) for module in modules).encode())


def source_hash(*functions: Callable[..., Any]) -> int:
    """Return a number that changes with anything that is compiled into these functions.

    That is the source of their modules and of the modules of all functions that they call, and the values of constants
    from elsewhere, such as numbers and Numba's flags. They are found through the names of globals that a function uses,
    also behind Numba's wrappers.
    """
    modules: dict[str, ModuleType] = {}
    constants: set[str] = set()
    seen: set[int] = set()
    pending: list[tuple[str, Any]] = [("", function) for function in functions]
    while pending:
        name, value = pending.pop()
        function = _unwrapped(value)
        if isinstance(value, ModuleType):
            if not _is_fixed(value.__name__):
                modules[value.__name__] = value
        elif _is_constant(value):
            constants.add(f"{name} = {value!r}")
        elif isinstance(function, FunctionType) and id(function) not in seen and not _is_fixed(function.__module__):
            seen.add(id(function))
            home = function.__module__
            modules[home] = sys.modules[home]
            constants.add(f"{home}.{function.__qualname__}: {_flags(value)}")
            names = set(_names(function.__code__))
            pending += [(f"{home}.{name}", value) for name, value in function.__globals__.items() if name in names]
            pending += [(f"{home}.{function.__qualname__}", cell.cell_contents) for cell in function.__closure__ or ()]
    return zlib.crc32(repr(sorted(constants)).encode(), module_hash(*(modules[name] for name in sorted(modules))))


def _is_constant(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(_is_constant(each) for each in cast(tuple[Any, ...], value))
    return isinstance(value, int | float | str | np.generic)


def _flags(value: Any) -> list[str]:
    options: dict[str, Any] = getattr(value, "targetoptions", {})
    # Sorted, because the order of a set differs between processes.
    return sorted(f"{name}={sorted(flag) if isinstance(flag, set) else flag}" for name, flag in options.items())


def _unwrapped(value: Any) -> Any:
    # The function behind the wrappers of Numba's njit and intrinsic, and of functools.
    while not isinstance(value, FunctionType) and hasattr(value, "__wrapped__"):
        value = value.__wrapped__
    return value


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _is_fixed(module: str) -> bool:
    return module.partition(".")[0] in _FIXED
