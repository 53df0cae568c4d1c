"""Calls of compiled functions by address, from compiled code.

A kernel that takes the address of a component's function is the same for all components: it is compiled once, and a new
component compiles only its own functions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba import types


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
