"""A loss's scalar functions as one compiled loop over the outputs of samples, called by its address.

The training loops are therefore the same for every loss, as they are for every activation (`compiled_activation`).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
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
_ARGUMENTS = (types.int64,) * 9


class LossSpec(NamedTuple):
    """The output activation and the loss in the form that compiled code takes."""

    sigmoid_output: bool
    """Whether outputs pass through a sigmoid."""
    function: int
    """Address of the loop that returns the sum of the losses and replaces errors by derivatives; see `_loop`."""
    channels: int
    """Number of outputs."""
    parameters: int
    """Address of the loss's parameters, float64."""
    channel_weights: int
    """Address of the weights of the channels, float64; not read if the loop was compiled without them."""


class CompiledLoss:
    """A loss in the form that compiled code takes. It must live as long as its spec is used."""

    def __init__(
        self,
        choice: choices.Loss,
        channels: int,
        *,
        sigmoid_output: bool,
        channel_weights: Sequence[float] | None = None,
    ) -> None:
        """Compile the loss, or load it from disk. Raise EngineError if it has no scalar functions."""
        implementation: Implementation = choice.implementation()
        if implementation.value is None or implementation.derivative is None:
            raise EngineError(f"loss {choice.name} has no scalar value and derivative to compile; use autograd.")
        # At least one number, because an empty array has no address.
        self._parameters: NDArray[np.float64] = np.array(choice.parameters or (0.0,), np.float64)
        self._channel_weights: NDArray[np.float64] = np.array(channel_weights or (1.0,), np.float64)
        count, weighted = len(choice.parameters), channel_weights is not None
        self._loop = _compiled_loop(choice.name, implementation, count, weighted)
        self.spec = LossSpec(
            sigmoid_output,
            self._loop.address,
            channels,
            self._parameters.ctypes.data,
            self._channel_weights.ctypes.data,
        )


@functools.cache
def _compiled_loop(name: str, implementation: Implementation, parameters: int, weighted: bool) -> Any:
    # As in `compiled_activation`: functions that Numba may call, in a cache that depends on all their sources.
    elementary.register_overloads()
    functions = implementation.value, implementation.derivative
    value, derivative = (
        _with_all_arguments(callable_from_kernels(FASTMATH)(each), implementation.takes_outputs, parameters)
        for each in functions
        if each is not None
    )
    sources = source_hash(*filter(None, functions), elementary.register_overloads, matrix, doubles, output_of)
    name = f"{name}_weighted" if weighted else name
    return _loop(name, value, derivative, implementation.takes_outputs, parameters, weighted, sources)


def _with_all_arguments(function: Callable[..., float], takes_outputs: bool, parameters: int) -> Callable[..., float]:
    """Return the function of (error, output, tuple of parameters) that ignores what ``function`` does not take."""

    def with_both(error, output, p):
        return function(error, output, *p)

    def with_output(error, output, p):
        return function(error, output)

    def with_parameters(error, output, p):
        return function(error, *p)

    def with_neither(error, output, p):
        return function(error)

    if takes_outputs:
        chosen = with_both if parameters else with_output
    else:
        chosen = with_parameters if parameters else with_neither
    return callable_from_kernels(FASTMATH)(chosen)


def _loop(
    name: str,
    value: Callable[..., float],
    derivative: Callable[..., float],
    takes_outputs: bool,
    parameters: int,
    weighted: bool,
    sources: int,
) -> Any:
    """Compile the loop over some samples.

    It takes the address of their errors, the number of samples, that of channels, the stride of errors in float32, the
    addresses of parameters and channel weights, those and the stride of the preactivations of the outputs, and whether
    outputs are sigmoids. It replaces the errors by the derivatives of their losses.
    """

    count = max(parameters, 1)

    @callback(types.float64(*_ARGUMENTS), name, FASTMATH)
    def loop(errors, samples, channels, stride, parameter, weight, preactivation, preactivation_stride, sigmoid):
        _ = sources
        e, total = matrix(errors, samples, stride), 0.0
        z = matrix(preactivation, samples, preactivation_stride)
        # Read before the loop: the compiler cannot know that the loop's stores leave them unchanged.
        p = to_fixed_tuple(doubles(parameter, count), count)
        w = doubles(weight, channels)
        for s in range(samples):
            for j in range(channels):
                error = e[s, j]
                output = output_of(sigmoid != 0, z[s, j]) if takes_outputs else error
                # The conditions are constants of the compiler.
                if weighted:
                    total += w[j] * value(error, output, p)
                    e[s, j] = w[j] * derivative(error, output, p)
                else:
                    total += value(error, output, p)
                    e[s, j] = derivative(error, output, p)
        return total

    return loop


def _generate_call(
    typing_context,
    function,
    errors,
    samples,
    channels,
    stride,
    parameters,
    weights,
    preactivations,
    preactivations_stride,
    sigmoid,
):
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
def _losses(
    spec: LossSpec,
    preactivations: NDArray[np.float32],
    targets: int,
    samples: NDArray[np.int64],
    deltas: NDArray[np.float32],
    factor: np.float32,
) -> tuple[float, float]:
    # `output_losses` without weights.
    count, channels = len(samples), spec.channels
    squared = 0.0
    for s in range(count):
        target = vector(targets + 4 * channels * samples[s], channels)
        for j in range(channels):
            error = output_of(spec.sigmoid_output, preactivations[s, j]) - target[j]
            deltas[s, j] = error
            squared += np.float64(error) * np.float64(error)
    loss = _call(
        spec.function,
        deltas.ctypes.data,
        count,
        channels,
        deltas.shape[1],
        spec.parameters,
        spec.channel_weights,
        preactivations.ctypes.data,
        preactivations.shape[1],
        int(spec.sigmoid_output),
    )
    for s in range(count):
        for j in range(channels):
            if spec.sigmoid_output:
                deltas[s, j] = _sigmoid_delta(factor, deltas[s, j], output_of(True, preactivations[s, j]))
            else:
                deltas[s, j] *= factor
    return loss, squared


@inlined(FASTMATH)
def output_losses(
    spec: LossSpec,
    preactivations: NDArray[np.float32],
    targets: int,
    samples: NDArray[np.int64],
    weights: NDArray[np.float32],
    deltas: NDArray[np.float32],
    factor: np.float32,
) -> tuple[float, float]:
    """Fill the first C columns of ``deltas``: the losses' derivatives by the preactivations, times ``factor``.

    Return the sums of the losses and of the squared errors. ``preactivations`` and ``deltas`` are (n, C or more),
    ``targets`` the address of (N, C) float32, of which ``samples`` selects n rows. ``weights`` (n,), or none at all,
    are factors of the samples' losses, squared errors and derivatives.
    """
    if len(weights) == 0:
        return _losses(spec, preactivations, targets, samples, deltas, factor)
    loss, squared = 0.0, 0.0
    for s in range(len(samples)):
        one, weight = slice(s, s + 1), np.float32(weights[s])
        sample_loss, sample_squared = _losses(
            spec, preactivations[one], targets, samples[one], deltas[one], factor * weight
        )
        loss += weight * sample_loss
        squared += weight * sample_squared
    return loss, squared
