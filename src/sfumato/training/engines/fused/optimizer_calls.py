"""An optimizer's functions (protocol: `optimizer`), compiled one by one and called by address."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba import njit, types
from numba.extending import intrinsic
from numba.np.unsafe import ndarray
from numpy.typing import NDArray

from sfumato.training.engines.fused.forward_backward import network_at
from sfumato.training.engines.fused.thread_context import thread_at
from sfumato.training.kernels import elementary
from sfumato.training.kernels.jit import call_by_address, callable_from_kernels, callback
from sfumato.training.kernels.memory import doubles, integers, matrix, vector
from sfumato.training.kernels.source_hash import source_hash

FASTMATH = {"contract"}
"""Fast-math flags of rules: no reassociation, so that registers of all widths give the same bits."""

_to_fixed_tuple: Any = ndarray.to_fixed_tuple
_INT, _DOUBLE, _VOID = types.int64, types.float64, types.void

_RULE = [_INT] * 6 + [_DOUBLE, _INT]
_ACCUMULATE = [_INT] * 6
_PRECONDITION = [_INT] * 6
_APPLY = [_INT] * 5 + [_DOUBLE]


class OptimizerContext(NamedTuple):
    """An optimizer in the form that the kernel takes: addresses in bytes, 0 for functions that it does not have."""

    update: int
    rule_parameters: int
    rates: int
    """Address of the learning rates of all layers, then that of a trained encoding, float64."""
    state: int
    """Address of the rule's blocks, one after the other."""
    encoder_update: int
    """The rule of a trained encoding."""
    encoder_parameters: int
    encoder_state: int
    """Address of its blocks."""
    encoder_skips: int
    """1 if this rule leaves parameters whose gradients are 0 unchanged."""
    accumulate: int
    precondition: int
    apply_update: int
    parameters: int
    blocks: int
    """Address of the addresses of the preconditioner's blocks."""
    preconditions_biases: int


def _name(function: Callable[..., Any], parameters: int, blocks: int) -> str:
    # Everything that distinguishes functions of one signature: each needs a file of its own.
    return f"{function.__module__}.{function.__qualname__}.{parameters}.{blocks}".replace(".", "_")


@functools.cache
def compile_rule(update: Callable[..., None], parameters: int, blocks: int) -> Any:
    """Compile an optimizer's elementwise update, or load it from disk; each function once per process."""
    elementary.register_overloads()
    sources = source_hash(update, _compiled_rule, elementary.register_overloads)
    return _compiled_rule(
        _name(update, parameters, blocks), callable_from_kernels(FASTMATH)(update), parameters, blocks, sources
    )


def _compiled_rule(name: str, update: Callable[..., None], parameters: int, blocks: int, sources: int) -> Any:
    @callback(_VOID(*_RULE), name, FASTMATH)
    def rule(weights, gradients, count, state, stride, parameter, rate, step):
        _ = sources
        p = _to_fixed_tuple(doubles(parameter, parameters), parameters)
        update(vector(weights, count), vector(gradients, count), matrix(state, blocks, stride), p, rate, step)

    return rule


@functools.cache
def compile_preconditioner(
    functions: tuple[Callable[..., Any], ...], fields: type[Any], parameters: int, blocks: int
) -> list[Any]:
    """Compile (accumulate, precondition, apply_update), or load them from disk; each once per process."""
    elementary.register_overloads()
    inline = callable_from_kernels(())
    sources = source_hash(*functions, _compiled_preconditioner, elementary.register_overloads)
    inlined = tuple(inline(function) for function in functions)
    return _compiled_preconditioner(
        _name(functions[1], parameters, blocks), inlined, fields, parameters, blocks, sources
    )


def _compiled_preconditioner(
    name: str,
    functions: tuple[Callable[..., Any], ...],
    fields: type[Any],
    parameters: int,
    blocks: int,
    sources: int,
) -> list[Any]:
    accumulate, precondition, apply_update = functions

    @callback(_VOID(*_ACCUMULATE), name, ())
    def accumulate_layer(net, thread, parameter, block, layer, step):
        _ = sources
        values = fields(
            *(
                _to_fixed_tuple(doubles(parameter, parameters), parameters)
                + _to_fixed_tuple(integers(block, blocks), blocks)
            )
        )
        accumulate(network_at(net), thread_at(thread), values, layer, step)

    @callback(_INT(*_PRECONDITION), name, ())
    def precondition_layers(net, thread, parameter, block, step, phase):
        _ = sources
        values = fields(
            *(
                _to_fixed_tuple(doubles(parameter, parameters), parameters)
                + _to_fixed_tuple(integers(block, blocks), blocks)
            )
        )
        return precondition(network_at(net), thread_at(thread), values, step, phase)

    @callback(_VOID(*_APPLY), name, ())
    def apply_layer(net, thread, parameter, block, layer, lr_factor):
        _ = sources
        values = fields(
            *(
                _to_fixed_tuple(doubles(parameter, parameters), parameters)
                + _to_fixed_tuple(integers(block, blocks), blocks)
            )
        )
        apply_update(network_at(net), thread_at(thread), values, layer, lr_factor)

    return [accumulate_layer, precondition_layers, apply_layer]


def _call_rule(typing_context, function, weights, gradients, count, state, stride, parameters, rate, step):
    return call_by_address(_VOID, _RULE)


def _call_accumulate(typing_context, function, net, thread, parameters, blocks, layer, step):
    return call_by_address(_VOID, _ACCUMULATE)


def _call_precondition(typing_context, function, net, thread, parameters, blocks, step, phase):
    return call_by_address(_INT, _PRECONDITION)


def _call_apply(typing_context, function, net, thread, parameters, blocks, layer, lr_factor):
    return call_by_address(_VOID, _APPLY)


_rule: Any = intrinsic(_call_rule)
_accumulate: Any = intrinsic(_call_accumulate)
_precondition: Any = intrinsic(_call_precondition)
_apply: Any = intrinsic(_call_apply)


@njit(nogil=True)
def apply_rule(
    optimizer: OptimizerContext,
    group: int,
    weights: int,
    gradients: NDArray[np.float32],
    state: int,
    stride: int,
    lr_factor: float,
    step: int,
) -> None:
    """Update as many weights as there are gradients by the rule, at the rate of a ``group``: a layer.

    ``weights`` and ``state`` are the addresses of these weights and of their first state variable; the next variable is
    ``stride`` float32 further.
    """
    rate = doubles(optimizer.rates, group + 1)[group] * lr_factor
    count, first = len(gradients), gradients.ctypes.data
    _rule(optimizer.update, weights, first, count, state, stride, optimizer.rule_parameters, rate, step)


@njit(nogil=True)
def apply_encoder_rule(
    optimizer: OptimizerContext,
    group: int,
    parameters: int,
    gradients: NDArray[np.float32],
    state: int,
    stride: int,
    lr_factor: float,
    step: int,
) -> None:
    """Update a trained encoding's parameters, as `apply_rule` does; ``group`` follows those of all layers."""
    rate = doubles(optimizer.rates, group + 1)[group] * lr_factor
    count, first = len(gradients), gradients.ctypes.data
    _rule(optimizer.encoder_update, parameters, first, count, state, stride, optimizer.encoder_parameters, rate, step)


@njit(nogil=True)
def accumulate(optimizer: OptimizerContext, net: int, thread: int, layer: int, step: int) -> None:
    """Accumulate the gradients of this thread's share of a hidden layer; ``net`` and ``thread`` are addresses."""
    _accumulate(optimizer.accumulate, net, thread, optimizer.parameters, optimizer.blocks, layer, step)


@njit(nogil=True)
def precondition(optimizer: OptimizerContext, net: int, thread: int, step: int, phase: int) -> int:
    """Turn all hidden layers' gradients into updates; return the next phase, or -1 to give up."""
    return _precondition(optimizer.precondition, net, thread, optimizer.parameters, optimizer.blocks, step, phase)


@njit(nogil=True)
def apply_update(optimizer: OptimizerContext, net: int, thread: int, layer: int, lr_factor: float) -> None:
    """Update this thread's share of a hidden layer."""
    _apply(optimizer.apply_update, net, thread, optimizer.parameters, optimizer.blocks, layer, lr_factor)
