"""A loss's scalar functions as one compiled loop over the outputs of a sample, called by its address.

The training loops are therefore the same for every loss, as they are for every activation (`compiled_activation`).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba import njit, types
from numba.extending import intrinsic
from numba.np.unsafe import ndarray
from numpy.typing import NDArray

from sfumato.errors import EngineError
from sfumato.recipe import choices
from sfumato.training.kernels import elementary
from sfumato.training.kernels.jit import call_by_address, callable_from_kernels, callback, inlined
from sfumato.training.kernels.memory import doubles, vector
from sfumato.training.kernels.source_hash import source_hash
from sfumato.training.kernels.vector_loops import FASTMATH
from sfumato.training.losses import Implementation

to_fixed_tuple: Any = ndarray.to_fixed_tuple
_ARGUMENTS = (types.int64, types.int64, types.int64, types.float64)


class LossSpec(NamedTuple):
    """The output activation and the loss in the form that compiled code takes."""

    sigmoid_output: bool
    """Whether outputs pass through a sigmoid."""
    function: int
    """Address of the loop (errors, count, parameters, total) -> total + losses, which replaces the errors, float32 at
    an address, by the derivatives of their losses. The parameters are float64 at an address."""
    parameters: int
    """Address of the loss's parameters."""


class CompiledLoss:
    """A loss in the form that compiled code takes. It must live as long as its spec is used."""

    def __init__(self, choice: choices.Loss, *, sigmoid_output: bool) -> None:
        """Compile the loss, or load it from disk. Raise EngineError if it has no scalar functions."""
        implementation: Implementation = choice.implementation()
        if implementation.value is None or implementation.derivative is None:
            raise EngineError(f"loss {choice.name} has no scalar value and derivative to compile; use autograd.")
        # At least one number, because an empty array has no address.
        self._parameters: NDArray[np.float64] = np.array(choice.parameters or (0.0,), np.float64)
        count = len(choice.parameters)
        self._loop = _compiled_loop(choice.name, count, implementation.value, implementation.derivative)
        self.spec = LossSpec(sigmoid_output, self._loop.address, self._parameters.ctypes.data)


@functools.cache
def _compiled_loop(name: str, parameters: int, value: Callable[..., float], derivative: Callable[..., float]) -> Any:
    # As in `compiled_activation`: functions that Numba may call, in a cache that depends on all their sources.
    elementary.register_overloads()
    callable_from_loops = callable_from_kernels(FASTMATH)
    sources = source_hash(value, derivative, elementary.register_overloads, vector, doubles)
    make = _loop if parameters else _loop_without_parameters
    return make(name, callable_from_loops(value), callable_from_loops(derivative), parameters, sources)


def _loop(
    name: str, value: Callable[..., float], derivative: Callable[..., float], parameters: int, sources: int
) -> Any:
    @callback(types.float64(*_ARGUMENTS), name, FASTMATH)
    def loop(errors, count, parameter, total):
        _ = sources
        e = vector(errors, count)
        # Read before the loop: the compiler cannot know that the loop's stores leave them unchanged.
        p = to_fixed_tuple(doubles(parameter, parameters), parameters)
        for i in range(count):
            total += value(e[i], *p)
            e[i] = derivative(e[i], *p)
        return total

    return loop


def _loop_without_parameters(
    name: str, value: Callable[..., float], derivative: Callable[..., float], parameters: int, sources: int
) -> Any:
    @callback(types.float64(*_ARGUMENTS), name, FASTMATH)
    def loop(errors, count, parameter, total):
        _ = sources
        e = vector(errors, count)
        for i in range(count):
            total += value(e[i])
            e[i] = derivative(e[i])
        return total

    return loop


def _generate_call(typing_context, function, errors, count, parameters, total):
    return call_by_address(types.float64, _ARGUMENTS)


_call: Any = intrinsic(_generate_call)


@njit(nogil=True, error_model="numpy", inline="always")
def output_of(sigmoid_output: bool, preactivation: np.float32) -> np.float32:
    """Return the output for a preactivation of the last layer."""
    one = np.float32(1)
    return one / (one + math.exp(-preactivation)) if sigmoid_output else preactivation


@inlined(FASTMATH)
def sample_loss(
    spec: LossSpec,
    preactivations: NDArray[np.float32],
    targets: NDArray[np.float32],
    deltas: NDArray[np.float32],
    loss: float,
    squared: float,
) -> tuple[float, float]:
    """Fill the deltas of one sample's outputs: derivatives of its loss by ``preactivations``, all three (C,).

    Return ``loss`` plus the sample's loss, and ``squared`` plus its squared error.
    """
    count = len(targets)
    for j in range(count):
        error = output_of(spec.sigmoid_output, preactivations[j]) - targets[j]
        deltas[j] = error
        squared += np.float64(error) * np.float64(error)
    loss = _call(spec.function, deltas.ctypes.data, count, spec.parameters, loss)
    if spec.sigmoid_output:
        for j in range(count):
            y = output_of(True, preactivations[j])
            deltas[j] = deltas[j] * y * (np.float32(1) - y)
    return loss, squared
