"""A loss's scalar functions as one compiled loop over the outputs of samples, called by its address.

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
from sfumato.training.kernels.memory import doubles, matrix, vector
from sfumato.training.kernels.source_hash import source_hash
from sfumato.training.kernels.vector_loops import FASTMATH
from sfumato.training.losses import Implementation

to_fixed_tuple: Any = ndarray.to_fixed_tuple
_ARGUMENTS = (types.int64,) * 5


class LossSpec(NamedTuple):
    """The output activation and the loss in the form that compiled code takes."""

    sigmoid_output: bool
    """Whether outputs pass through a sigmoid."""
    function: int
    """Address of the loop (errors, samples, channels, stride, parameters) -> sum of the losses, which replaces the
    errors, rows of ``stride`` float32 at an address, by the derivatives of their losses. The parameters are float64 at
    an address."""
    channels: int
    """Number of outputs."""
    parameters: int
    """Address of the loss's parameters."""


class CompiledLoss:
    """A loss in the form that compiled code takes. It must live as long as its spec is used."""

    def __init__(self, choice: choices.Loss, channels: int, *, sigmoid_output: bool) -> None:
        """Compile the loss, or load it from disk. Raise EngineError if it has no scalar functions."""
        implementation: Implementation = choice.implementation()
        if implementation.value is None or implementation.derivative is None:
            raise EngineError(f"loss {choice.name} has no scalar value and derivative to compile; use autograd.")
        # At least one number, because an empty array has no address.
        self._parameters: NDArray[np.float64] = np.array(choice.parameters or (0.0,), np.float64)
        count = len(choice.parameters)
        self._loop = _compiled_loop(choice.name, count, implementation.value, implementation.derivative)
        self.spec = LossSpec(sigmoid_output, self._loop.address, channels, self._parameters.ctypes.data)


@functools.cache
def _compiled_loop(name: str, parameters: int, value: Callable[..., float], derivative: Callable[..., float]) -> Any:
    # As in `compiled_activation`: functions that Numba may call, in a cache that depends on all their sources.
    elementary.register_overloads()
    callable_from_loops = callable_from_kernels(FASTMATH)
    sources = source_hash(value, derivative, elementary.register_overloads, matrix, doubles)
    make = _loop if parameters else _loop_without_parameters
    return make(name, callable_from_loops(value), callable_from_loops(derivative), parameters, sources)


def _loop(
    name: str, value: Callable[..., float], derivative: Callable[..., float], parameters: int, sources: int
) -> Any:
    @callback(types.float64(*_ARGUMENTS), name, FASTMATH)
    def loop(errors, samples, channels, stride, parameter):
        _ = sources
        e, total = matrix(errors, samples, stride), 0.0
        # Read before the loop: the compiler cannot know that the loop's stores leave them unchanged.
        p = to_fixed_tuple(doubles(parameter, parameters), parameters)
        for s in range(samples):
            for j in range(channels):
                total += value(e[s, j], *p)
                e[s, j] = derivative(e[s, j], *p)
        return total

    return loop


def _loop_without_parameters(
    name: str, value: Callable[..., float], derivative: Callable[..., float], parameters: int, sources: int
) -> Any:
    @callback(types.float64(*_ARGUMENTS), name, FASTMATH)
    def loop(errors, samples, channels, stride, parameter):
        _ = sources
        e, total = matrix(errors, samples, stride), 0.0
        for s in range(samples):
            for j in range(channels):
                total += value(e[s, j])
                e[s, j] = derivative(e[s, j])
        return total

    return loop


def _generate_call(typing_context, function, errors, samples, channels, stride, parameters):
    return call_by_address(types.float64, _ARGUMENTS)


_call: Any = intrinsic(_generate_call)


@njit(nogil=True, error_model="numpy", inline="always")
def output_of(sigmoid_output: bool, preactivation: np.float32) -> np.float32:
    """Return the output for a preactivation of the last layer."""
    one = np.float32(1)
    return one / (one + math.exp(-preactivation)) if sigmoid_output else preactivation


@inlined(())
def _sigmoid_delta(factor: np.float32, grad: np.float32, y: np.float32) -> np.float32:
    """Return the derivative by a preactivation, times ``factor``, in this order whatever the flags of the caller."""
    return y * (np.float32(1) - y) * grad * factor


@inlined(FASTMATH)
def output_losses(
    spec: LossSpec,
    preactivations: NDArray[np.float32],
    targets: int,
    samples: NDArray[np.int64],
    deltas: NDArray[np.float32],
    factor: np.float32,
) -> tuple[float, float]:
    """Fill the first C columns of ``deltas``: the losses' derivatives by the preactivations, times ``factor``.

    Return the sums of the losses and of the squared errors. ``preactivations`` and ``deltas`` are (n, C or more),
    ``targets`` the address of (N, C) float32, of which ``samples`` selects n rows.
    """
    count, channels = len(samples), spec.channels
    squared = 0.0
    for s in range(count):
        target = vector(targets + 4 * channels * samples[s], channels)
        for j in range(channels):
            error = output_of(spec.sigmoid_output, preactivations[s, j]) - target[j]
            deltas[s, j] = error
            squared += np.float64(error) * np.float64(error)
    loss = _call(spec.function, deltas.ctypes.data, count, channels, deltas.shape[1], spec.parameters)
    for s in range(count):
        for j in range(channels):
            if spec.sigmoid_output:
                deltas[s, j] = _sigmoid_delta(factor, deltas[s, j], output_of(True, preactivations[s, j]))
            else:
                deltas[s, j] *= factor
    return loss, squared
