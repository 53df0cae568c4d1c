"""Process settings on which arithmetic depends: the library's while it computes, the caller's afterwards.

A notebook or a program may set the threads of PyTorch, the default type and device of tensors, gradient mode, and
NumPy's error handling. These settings must not change the result of a run, and a run must not change them. All code
that computes runs within `library_settings`; functions that a caller passes in run within `caller_settings`.
"""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

import numpy as np
import torch

P = ParamSpec("P")
T = TypeVar("T")

State = dict[str, Any]

_TINY, _TENTH = np.float32(1e-38), np.float32(0.1)


@dataclass(frozen=True)
class _Setting:
    value: Any
    """The library's value."""
    get: Callable[[], Any]
    set: Callable[[Any], object]


def _deterministic() -> tuple[bool, bool]:
    return torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()


def _set_deterministic(mode: tuple[bool, bool]) -> None:
    torch.use_deterministic_algorithms(mode[0], warn_only=mode[1])


def _anomalies() -> tuple[bool, bool]:
    return torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()


def _set_anomalies(mode: tuple[bool, bool]) -> None:
    torch.autograd.set_detect_anomaly(*mode)


def flushes_subnormals() -> bool:
    """Return whether this thread flushes subnormal float32 numbers to 0."""
    # PyTorch can set this mode, but cannot query it.
    with np.errstate(under="ignore"):
        return bool(_TINY * _TENTH == 0)


_THREAD: dict[str, _Setting] = {
    # The library's own threads are those of `sfumato.parallel`; for a custom network the engine sets PyTorch's.
    "threads": _Setting(1, torch.get_num_threads, torch.set_num_threads),
    "subnormals flushed": _Setting(False, flushes_subnormals, torch.set_flush_denormal),
    "numpy errors": _Setting(
        {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"},
        np.geterr,
        lambda mode: np.seterr(**mode),
    ),
    "autocast on the CPU": _Setting(
        False,
        lambda: torch.is_autocast_enabled("cpu"),
        lambda mode: torch.set_autocast_enabled("cpu", mode),
    ),
    "autocast on CUDA": _Setting(
        False,
        lambda: torch.is_autocast_enabled("cuda"),
        lambda mode: torch.set_autocast_enabled("cuda", mode),
    ),
}
"""Settings of each thread."""

_PROCESS: dict[str, _Setting] = {
    "default type": _Setting(torch.float32, torch.get_default_dtype, torch.set_default_dtype),
    "deterministic": _Setting((False, False), _deterministic, _set_deterministic),
    "precision of products": _Setting(
        "highest", torch.get_float32_matmul_precision, torch.set_float32_matmul_precision
    ),
    "anomalies": _Setting((False, True), _anomalies, _set_anomalies),
}
"""Settings of the whole process: of several threads that compute, the first sets and the last restores them."""

_lock = threading.Lock()
_threads_inside = 0
_saved_process: State = {}


class _ThreadState(threading.local):
    saved: State | None = None
    """The caller's settings while this thread is within `library_settings`, otherwise None."""


_thread_state = _ThreadState()


@contextmanager
def library_settings() -> Iterator[None]:
    """Apply the library's settings in the block, in this thread."""
    if _thread_state.saved is not None:
        yield
        return
    _enter_process()
    saved: State = {name: each.get() for name, each in _THREAD.items()}
    saved |= {"gradients": torch.is_grad_enabled(), "inference": torch.is_inference_mode_enabled()}
    saved["device"] = torch.get_default_device()
    _thread_state.saved = saved
    try:
        _switch(saved, {name: each.value for name, each in _THREAD.items()})
        with _modes(saved, gradients=True, inference=False, device=torch.device("cpu")):
            yield
    finally:
        _thread_state.saved = None
        # The current values are read again, because engines set more threads for custom networks.
        _switch({name: each.get() for name, each in _THREAD.items()}, saved)
        _leave_process()


@contextmanager
def caller_settings() -> Iterator[None]:
    """Apply the caller's settings in the block, for functions that the caller passed in."""
    saved = _thread_state.saved
    if saved is None:
        yield
        return
    now: State = {name: each.get() for name, each in _THREAD.items()}
    now |= {"gradients": True, "inference": False, "device": torch.device("cpu")}
    _thread_state.saved = None
    _switch(now, saved)
    _leave_process()
    try:
        with _modes(now, **{name: saved[name] for name in ("gradients", "inference", "device")}):
            yield
    finally:
        _enter_process()
        _switch({name: each.get() for name, each in _THREAD.items()}, now)
        _thread_state.saved = saved


def scoped(function: Callable[P, T]) -> Callable[P, T]:
    """Decorate a function so that it runs within `library_settings`."""

    @functools.wraps(function)
    def wrapper(*arguments: P.args, **named: P.kwargs) -> T:
        with library_settings():
            return function(*arguments, **named)

    return wrapper


def unscoped(function: Callable[P, T]) -> Callable[P, T]:
    """Wrap a function that a caller passed in, so that it runs within `caller_settings`."""

    @functools.wraps(function, assigned=())
    def wrapper(*arguments: P.args, **named: P.kwargs) -> T:
        with caller_settings():
            return function(*arguments, **named)

    return wrapper


def between_yields(items: Generator[T, None, None]) -> Generator[T, None, None]:
    """Yield the items of a generator, which runs within `library_settings`; the caller uses them with its settings."""
    try:
        while True:
            with library_settings():
                try:
                    item = next(items)
                except StopIteration:
                    return
            yield item
    finally:
        with library_settings():
            items.close()


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Let PyTorch's operations use ``count`` threads in the block, in this thread."""
    previous = torch.get_num_threads()
    if previous != count:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        if previous != count:
            torch.set_num_threads(previous)


def _modes(now: State, *, gradients: bool, inference: bool, device: torch.device) -> AbstractContextManager[Any]:
    """Return a context of the modes that PyTorch sets as contexts only, without those that are set already.

    Each of them takes time whenever it is entered.
    """
    stack = ExitStack()
    if now["inference"] != inference:
        stack.enter_context(torch.inference_mode(inference))
    if torch.is_grad_enabled() != gradients:
        stack.enter_context(torch.set_grad_enabled(gradients))
    if now["device"] != device:
        stack.enter_context(device)
    return stack


def _switch(now: State, target: State) -> None:
    for name, each in _THREAD.items():
        if now[name] != target[name]:
            each.set(target[name])


def _enter_process() -> None:
    global _threads_inside
    with _lock:
        if _threads_inside == 0:
            _saved_process.clear()
            for name, each in _PROCESS.items():
                if (value := each.get()) != each.value:
                    _saved_process[name] = value
                    each.set(each.value)
        _threads_inside += 1


def _leave_process() -> None:
    global _threads_inside
    with _lock:
        _threads_inside -= 1
        if _threads_inside == 0:
            for name, value in _saved_process.items():
                _PROCESS[name].set(value)
            _saved_process.clear()


def _after_fork() -> None:
    """Reset the state in a forked process, which has only the thread that forked: no other will release the lock."""
    global _lock, _threads_inside
    _lock, _threads_inside = threading.Lock(), int(_thread_state.saved is not None)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
