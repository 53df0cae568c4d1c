"""An activation's scalar functions as one compiled loop over a layer, called by its address.

The training loop, which takes seconds to compile, is therefore the same for every activation, and stays in Numba's
cache on disk. The loops made here stay there too, until the source of one of their functions changes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numba.np.numpy_support import carray
from numba.np.unsafe import ndarray
from numpy.typing import NDArray

from sfumato.errors import EngineError
from sfumato.models.activations import Activate, Implementation
from sfumato.models.mlp import MLP
from sfumato.recipe import choices
from sfumato.training.kernels import elementary
from sfumato.training.kernels.jit import callable_from_kernels, callback
from sfumato.training.kernels.source_hash import source_hash
from sfumato.training.kernels.vector_loops import FASTMATH

to_fixed_tuple: Any = ndarray.to_fixed_tuple
_FLOATS = types.CPointer(types.float32)
_SIGNATURE = types.void(_FLOATS, _FLOATS, _FLOATS, types.int64, _FLOATS)


class CompiledActivation(NamedTuple):
    """An activation in the form that compiled code takes. It must live as long as its addresses are used."""

    loop: Any
    """The C function (preactivations, values, derivatives, count, parameters), all but the count float32 pointers."""
    values: NDArray[np.float32]
    """The activation's parameters, in the order of the fields of its choice."""

    @property
    def function(self) -> int:
        """The address of the loop, for `apply`."""
        return self.loop.address

    @property
    def parameters(self) -> int:
        """The address of the parameters, for `apply`."""
        return self.values.ctypes.data


def choices_of(model: MLP) -> list[choices.Activation] | None:
    """Return the activations of the hidden layers; None if a module is none of a recipe's."""
    found = [each.choice for each in model.activations if isinstance(each, Activate)]
    return found if len(found) == len(model.activations) else None


def compiled(choice: choices.Activation) -> CompiledActivation:
    """Compile an activation, or load it from disk. Raise EngineError if it has no scalar functions."""
    implementation: Implementation = choice.implementation()
    if implementation.value is None or implementation.derivative is None:
        raise EngineError(f"activation {choice.name} has no scalar value and derivative to compile; use autograd.")
    # At least one number, because an empty array has no address.
    values = np.array(choice.parameters or (0.0,), np.float32)
    loop = _compiled_loop(choice.name, len(choice.parameters), implementation.value, implementation.derivative)
    return CompiledActivation(loop, values)


@functools.cache
def _compiled_loop(name: str, parameters: int, value: Callable[..., float], derivative: Callable[..., float]) -> Any:
    elementary.register_overloads()
    # Functions that Numba may call, not functions that it has compiled: compiled ones have another name in each
    # process, and a closure over them would never be found in the cache.
    callable_from_loops = callable_from_kernels(FASTMATH)
    # `elementary` counts too: its functions replace those of `models.activations.activation`.
    sources = source_hash(value, derivative, elementary.register_overloads)
    make = _loop if parameters else _loop_without_parameters
    return make(name, callable_from_loops(value), callable_from_loops(derivative), parameters, sources)


def _loop(
    name: str, value: Callable[..., float], derivative: Callable[..., float], parameters: int, sources: int
) -> Any:
    @callback(_SIGNATURE, name, FASTMATH)
    def loop(preactivations, values, activation_grads, count, parameter):
        _ = sources
        x, y, grads = carray(preactivations, (count,)), carray(values, (count,)), carray(activation_grads, (count,))
        # Read before the loop: the compiler cannot know that the loop's stores leave them unchanged.
        p = to_fixed_tuple(carray(parameter, (parameters,)), parameters)
        for i in range(count):
            y[i] = value(x[i], *p)
            grads[i] = derivative(x[i], y[i], *p)

    return loop


def _loop_without_parameters(
    name: str, value: Callable[..., float], derivative: Callable[..., float], parameters: int, sources: int
) -> Any:
    @callback(_SIGNATURE, name, FASTMATH)
    def loop(preactivations, values, activation_grads, count, parameter):
        _ = sources
        x, y, grads = carray(preactivations, (count,)), carray(values, (count,)), carray(activation_grads, (count,))
        for i in range(count):
            y[i] = value(x[i])
            grads[i] = derivative(x[i], y[i])

    return loop


def _generate_call(typing_context, function, preactivations, values, activation_grads, count, parameters):
    def generate(context, builder, signature, arguments):
        floats = ir.FloatType().as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [floats, floats, floats, ir.IntType(64), floats])
        callee = builder.inttoptr(arguments[0], kind.as_pointer())
        *pointers, last = [builder.inttoptr(arguments[at], floats) for at in (1, 2, 3, 5)]
        builder.call(callee, [*pointers, arguments[4], last])
        return context.get_dummy_value()

    whole = types.int64
    return types.void(whole, whole, whole, whole, whole, whole), generate


apply: Any = intrinsic(_generate_call)
"""Call the compiled loop at an address from compiled code.

(function, preactivations, values, activation_grads, count, parameters): all but the count are addresses, and all
addresses but the function's are of float32.
"""
