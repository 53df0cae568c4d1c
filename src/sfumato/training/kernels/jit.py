"""Numba's decorators as this package uses them: what is compiled here gives the same bits in every process.

A function that is called from compiled code is compiled twice: by itself, and once more as a part of its caller. The
process that compiles the caller runs the first of these, later ones, which load the caller from the disk, the second.
With fast-math flags the two may round differently: they went through the optimizer a different number of times.
Therefore a function that has such flags is part of its callers and nothing else: `inlined`. Others are exact, and it
does not matter which of the two is run.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Literal

from numba import njit
from numba.core.ccallback import CFunc
from numba.core.sigutils import normalize_signature
from numba.extending import register_jitable

from sfumato.training.kernels.cache import cache_of


def inlined(fastmath: Collection[str]) -> Callable[[Callable[..., Any]], Any]:
    """Decorate a function that compiled code calls, and that has fast-math flags."""
    return njit(fastmath=set(fastmath), forceinline=True, nogil=True, error_model="numpy")


def callable_from_kernels(fastmath: Collection[str]) -> Callable[[Callable[..., Any]], Any]:
    """Do what `inlined` does for a function that Python goes on to call as it is."""
    return register_jitable(fastmath=set(fastmath), forceinline=True, error_model="numpy")


def kernel(
    fastmath: Collection[str] = (), error_model: Literal["python", "numpy"] = "python"
) -> Callable[[Callable[..., Any]], Any]:
    """Decorate a function that Python calls: compiled once, then kept on disk."""

    def decorate(function: Callable[..., Any]) -> Any:
        dispatcher: Any = njit(fastmath=set(fastmath) or False, error_model=error_model, nogil=True)(function)
        if hasattr(dispatcher, "_cache"):  # not where NUMBA_DISABLE_JIT leaves the function as it is
            dispatcher._cache = cache_of(function)
        return dispatcher

    return decorate


def callback(signature: Any, name: str, fastmath: Collection[str]) -> Callable[[Callable[..., Any]], Any]:
    """Decorate a function that compiled code calls by its address: compiled at once, or loaded from the disk.

    ``name`` tells it from others made of the same source, so that each has its own symbol and its own file.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        function.__qualname__ = f"{function.__qualname__}_{name}"
        options = {"fastmath": set(fastmath), "error_model": "numpy"}
        compiled: Any = CFunc(function, normalize_signature(signature), locals={}, options=options)
        compiled._cache = cache_of(function)
        compiled.compile()
        return compiled

    return decorate
