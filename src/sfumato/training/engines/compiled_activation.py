"""An activation's scalar functions as one compiled loop over a layer, called through its address.

The training loop, which takes seconds to compile, is thus the same for every activation, and stays in Numba's cache on
disk. So do the little loops made here, until the file of one of their functions changes.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numba.np.numpy_support import carray

from sfumato.models.activations import Implementation, arithmetic
from sfumato.training.engines.online_loops import FASTMATH
from sfumato.training.kernels import elementary
from sfumato.training.kernels.jit import callable_from_kernels, callback
from sfumato.training.kernels.stamp import stamp

_FLOATS = types.CPointer(types.float32)
_SIGNATURE = types.void(_FLOATS, _FLOATS, _FLOATS, types.int64, types.float32)


@functools.cache
def compiled(implementation: Implementation) -> Any:
    """The C function (sums, values, slopes, count, parameter); its ``address`` goes to `apply`.

    It must be kept alive as long as the address is used.
    """
    elementary.teach()
    # Functions that Numba may call, not functions that it has compiled: those would have another name in each process,
    # and what closes over them would never be found in the cache.
    callable_from_loops = callable_from_kernels(FASTMATH)
    value, derivative = callable_from_loops(implementation.value), callable_from_loops(implementation.derivative)
    files = {inspect.getmodule(function) for function in (value, derivative)}
    name = implementation.choice.name
    return _loop(name, value, derivative, stamp(arithmetic, elementary, *(file for file in files if file is not None)))


def _loop(name: str, value: Callable[..., float], derivative: Callable[..., float], stamp: int) -> Any:
    @callback(_SIGNATURE, name, FASTMATH)
    def loop(sums, values, slopes, count, parameter):
        _ = stamp
        x, y, slope = carray(sums, (count,)), carray(values, (count,)), carray(slopes, (count,))
        for i in range(count):
            y[i] = value(x[i], parameter)
            slope[i] = derivative(x[i], y[i], parameter)

    return loop


def _generate_call(typing_context, function, sums, values, slopes, count, parameter):
    def generate(context, builder, signature, arguments):
        floats = ir.FloatType().as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [floats, floats, floats, ir.IntType(64), ir.FloatType()])
        callee = builder.inttoptr(arguments[0], kind.as_pointer())
        pointers = [builder.inttoptr(address, floats) for address in arguments[1:4]]
        builder.call(callee, [*pointers, *arguments[4:]])
        return context.get_dummy_value()

    whole = types.int64
    return types.void(whole, whole, whole, whole, whole, types.float32), generate


apply: Any = intrinsic(_generate_call)
"""Calls the compiled loop at an address, from compiled code: (function, sums, values, slopes, count, parameter).

The first four are addresses, the middle three of float32.
"""
