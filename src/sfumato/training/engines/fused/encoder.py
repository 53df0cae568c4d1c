"""Trainable encodings, which compute the first layer's inputs from coordinates and are trained with the layers.

An encoding without parameters needs none of this: its outputs are computed once, before the first step. A trained one
declares a compiled form, a `CompiledEncoding`, in its choice's ``compiled``: two functions of plain loops. Its
parameters lie one after the other in a block of their own, in the order of its module's ``named_parameters``. Each
thread adds up gradients of its samples in a block of its own; the threads' blocks are added in the order of their
ranks, so that the same number of threads gives the same bits.

A step's samples may reach few of many parameters. So backward marks the pages of gradients to which it adds: only these
are set to 0 again before the next step, and only these are updated where the optimizer leaves parameters without
gradients unchanged.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numba import njit, types
from numba.extending import intrinsic
from numba.np.unsafe import ndarray
from numpy.typing import NDArray
from torch import nn

from sfumato.errors import EngineError
from sfumato.recipe import choices
from sfumato.training.kernels import elementary
from sfumato.training.kernels.jit import call_by_address, callable_from_kernels, callback
from sfumato.training.kernels.memory import doubles, flags, integers, matrix, vector, zeros
from sfumato.training.kernels.source_hash import source_hash
from sfumato.training.kernels.vectors import round_up

FASTMATH = {"contract"}
_to_fixed_tuple: Any = ndarray.to_fixed_tuple
_INT, _VOID = types.int64, types.void
_ARGUMENTS = [_INT] * 11

PAGE = 16
"""Gradients that are marked together: a cache line of float32, and a multiple of all vector registers."""


@dataclass(frozen=True)
class CompiledEncoding:
    """The compiled form of an encoding: plain functions over float32 arrays, which Numba compiles.

    ``parameters`` (P,) are all parameters one after the other, each row by row; ``constants`` (K,) float64.
    """

    forward: Callable[..., None]
    """(coordinates (n, D), features (n, F or wider), parameters, constants): fill the first F columns of features."""
    backward: Callable[..., None]
    """(coordinates (n, D), feature_grads (n, F or wider), parameters, gradients, touched, constants): add the
    derivatives of the loss by the parameters, summed over the samples, to gradients (P,), and set touched[i // PAGE],
    uint8, to 1 for every parameter i that has some."""
    constants: Callable[[Any], tuple[float, ...]] = lambda _: ()
    """Function from the encoding's module to the constants."""


class EncoderContext(NamedTuple):
    """A trained encoding in the form that the kernel takes: addresses, and counts of float32."""

    forward: int
    backward: int
    parameters: int
    constants: int
    constants_count: int
    length: int
    """Length of the block of parameters, a multiple of `PAGE`."""
    size: int
    """Number of parameters in it; the rest is padding."""
    dimensions: int
    """Coordinates per sample."""


_FIELDS = len(EncoderContext._fields)


@njit(nogil=True)
def encoder_at(address: int) -> EncoderContext:
    """Return the context stored as int64 at an address."""
    return EncoderContext(*_to_fixed_tuple(integers(address, _FIELDS), _FIELDS))


class Encoder:
    """The parameters of one network's trained encoding, and its compiled functions."""

    def __init__(self, choice: choices.Encoding, module: nn.Module, dimensions: int) -> None:
        """Allocate the parameters, as zeros, and compile. Raise EngineError if there is no compiled form."""
        if not choice.compiled:
            raise EngineError(f"encoding {choice.name} is trained and not compiled; use autograd.")
        compiled: CompiledEncoding = choice.compiled_implementation()
        # At least one number, because an empty array has no address.
        self._constants = np.array(compiled.constants(module) or (0.0,), np.float64)
        self._forward, self._backward = _compile(compiled.forward, compiled.backward)
        shapes = {name: tuple(parameter.shape) for name, parameter in module.named_parameters()}
        count = sum(math.prod(shape) for shape in shapes.values())
        self.parameters = zeros(round_up(count, PAGE))
        self.named = _views(self.parameters, shapes)
        """Views of the parameters by their names in the module's ``state_dict``."""
        self._record = np.array(
            EncoderContext(
                forward=self._forward.address,
                backward=self._backward.address,
                parameters=self.parameters.ctypes.data,
                constants=self._constants.ctypes.data,
                constants_count=len(self._constants),
                length=len(self.parameters),
                size=count,
                dimensions=dimensions,
            )
        )

    @property
    def address(self) -> int:
        """The address of the `EncoderContext`."""
        return self._record.ctypes.data


def _views(block: NDArray[np.float32], shapes: dict[str, tuple[int, ...]]) -> dict[str, NDArray[np.float32]]:
    views: dict[str, NDArray[np.float32]] = {}
    position = 0
    for name, shape in shapes.items():
        views[name] = block[position : position + math.prod(shape)].reshape(shape)
        position += math.prod(shape)
    return views


@functools.cache
def _compile(forward: Callable[..., None], backward: Callable[..., None]) -> tuple[Any, Any]:
    elementary.register_overloads()
    inline = callable_from_kernels(FASTMATH)
    sources = source_hash(forward, backward, _compile_functions, elementary.register_overloads)
    name = f"{forward.__module__}.{forward.__qualname__}".replace(".", "_")
    return _compile_functions(name, inline(forward), inline(backward), sources)


def _compile_functions(
    name: str, encode: Callable[..., None], scatter: Callable[..., None], sources: int
) -> tuple[Any, Any]:
    @callback(_VOID(*_ARGUMENTS), name, FASTMATH)
    def forward(
        coordinates, dimensions, count, features, stride, parameters, length, gradients, touched, constant, constants
    ):
        _ = sources
        points, out = matrix(coordinates, count, dimensions), matrix(features, count, stride)
        encode(points, out, vector(parameters, length), doubles(constant, constants))

    @callback(_VOID(*_ARGUMENTS), name, FASTMATH)
    def backward(
        coordinates, dimensions, count, features, stride, parameters, length, gradients, touched, constant, constants
    ):
        _ = sources
        points, grads = matrix(coordinates, count, dimensions), matrix(features, count, stride)
        marks = flags(touched, -(-length // PAGE))
        scatter(
            points, grads, vector(parameters, length), vector(gradients, length), marks, doubles(constant, constants)
        )

    return forward, backward


def _call(
    typing_context,
    function,
    coordinates,
    dimensions,
    count,
    features,
    stride,
    parameters,
    length,
    gradients,
    touched,
    constants,
    constants_count,
):
    return call_by_address(_VOID, _ARGUMENTS)


_call_function: Any = intrinsic(_call)


@njit(nogil=True)
def encode(encoder: EncoderContext, coordinates: int, samples: int, inputs: int, stride: int) -> None:
    """Compute the first layer's inputs from the coordinates of some samples, both at addresses."""
    e = encoder
    _call_function(
        e.forward,
        coordinates,
        e.dimensions,
        samples,
        inputs,
        stride,
        e.parameters,
        e.size,
        0,
        0,
        e.constants,
        e.constants_count,
    )


@njit(nogil=True)
def scatter_gradients(
    encoder: EncoderContext,
    coordinates: int,
    samples: int,
    input_grads: int,
    stride: int,
    gradients: int,
    touched: int,
) -> None:
    """Backpropagate some samples' gradients by the first layer's inputs, and add them to a thread's gradients.

    ``touched``: address of the thread's marks.
    """
    e = encoder
    _call_function(
        e.backward,
        coordinates,
        e.dimensions,
        samples,
        input_grads,
        stride,
        e.parameters,
        e.size,
        gradients,
        touched,
        e.constants,
        e.constants_count,
    )
