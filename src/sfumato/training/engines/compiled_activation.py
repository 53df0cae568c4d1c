"""An activation's scalar functions as one compiled loop over a layer, called through its address.

The training loop, which takes seconds to compile, is thus the same for every activation and stays in Numba's cache on
disk, while the little loop made here always holds the functions of the activation's own file as they are now.
"""

from __future__ import annotations

import functools
from typing import Any

from llvmlite import ir
from numba import cfunc, njit, types
from numba.extending import intrinsic
from numba.np.numpy_support import carray

from sfumato.models.activations import Implementation
from sfumato.training.engines.online_loops import FASTMATH
from sfumato.training.kernels import elementary

_FLOATS = types.CPointer(types.float32)
_SIGNATURE = types.void(_FLOATS, _FLOATS, _FLOATS, types.int64, types.float32)


@functools.cache
def compiled(implementation: Implementation) -> Any:
    """The C function (sums, values, slopes, count, parameter); its ``address`` goes to `apply`.

    It must be kept alive as long as the address is used.
    """
    elementary.teach()
    value = njit(fastmath=FASTMATH, error_model="numpy")(implementation.value)
    derivative = njit(fastmath=FASTMATH, error_model="numpy")(implementation.derivative)

    @cfunc(_SIGNATURE, fastmath=FASTMATH, error_model="numpy")
    def loop(sums, values, slopes, count, parameter):
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
