"""Numba's decorators as this package uses them, and calls of compiled functions by address.

A function that is called from compiled code is compiled twice: by itself, and again as part of its caller. The process
that compiles the caller runs the first version; later processes, which load the caller from disk, run the second.
With fast-math flags the two may round differently, because they pass LLVM's optimizer a different number of times.
Therefore a function with such flags is always part of its callers (`inlined`). Others round the same in both versions.

A kernel that takes the address of a component's function is the same for all components: it is compiled once, and a new
component compiles only its own functions.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, Literal

from llvmlite import ir
from numba import njit, types
from numba.core.ccallback import CFunc
from numba.core.sigutils import normalize_signature
from numba.extending import register_jitable

from sfumato.training.kernels.cache import cache_of


def inlined(fastmath: Collection[str]) -> Callable[[Callable[..., Any]], Any]:
    """Decorate a function that has fast-math flags and is called from compiled code."""
    return njit(fastmath=set(fastmath), forceinline=True, nogil=True, error_model="numpy")


def callable_from_kernels(fastmath: Collection[str]) -> Callable[[Callable[..., Any]], Any]:
    """Decorate as `inlined` does, but leave the function callable from Python, uncompiled."""
    return register_jitable(fastmath=set(fastmath), forceinline=True, error_model="numpy")


def kernel(
    fastmath: Collection[str] = (), error_model: Literal["python", "numpy"] = "python"
) -> Callable[[Callable[..., Any]], Any]:
    """Decorate a function that Python calls: it is compiled once, then loaded from disk."""

    def decorate(function: Callable[..., Any]) -> Any:
        dispatcher: Any = njit(fastmath=set(fastmath) or False, error_model=error_model, nogil=True)(function)
        if hasattr(dispatcher, "_cache"):  # false where NUMBA_DISABLE_JIT leaves the function as it is
            dispatcher._cache = cache_of(function)
        return dispatcher

    return decorate


def callback(signature: Any, name: str, fastmath: Collection[str]) -> Callable[[Callable[..., Any]], Any]:
    """Decorate a function that compiled code calls by address: it is compiled at once, or loaded from disk.

    ``name`` distinguishes functions made from the same source, so that each has its own symbol and file.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        function.__qualname__ = f"{function.__qualname__}_{name}"
        options = {"fastmath": set(fastmath), "error_model": "numpy"}
        compiled: Any = CFunc(function, normalize_signature(signature), locals={}, options=options)
        compiled._cache = cache_of(function)
        compiled.compile()
        return compiled

    return decorate


def call_by_address(returns: types.Type, arguments: Sequence[types.Type]) -> tuple[Any, Callable[..., Any]]:
    """Return the signature and the code generator of a Numba intrinsic (function address, *arguments).

    ``arguments`` are int64, addresses among them, or float64; ``returns`` is one of these or void.
    """

    def generate(context: Any, builder: Any, signature: Any, given: Sequence[Any]) -> Any:
        result = ir.VoidType() if returns == types.void else context.get_value_type(returns)
        kind = ir.FunctionType(result, [context.get_value_type(each) for each in arguments])
        called = builder.call(builder.inttoptr(given[0], kind.as_pointer()), list(given[1:]))
        return context.get_dummy_value() if returns == types.void else called

    return returns(types.int64, *arguments), generate
