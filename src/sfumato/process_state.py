"""What a process sets for itself and arithmetic depends on: ours while we compute, the caller's again afterwards.

Threads, the default type and device of tensors, gradients on or off, NumPy's errors: a notebook or a program sets them
for reasons of its own. They must not change what a run comes to, and a run must not change them. `ours` is entered by
everything that computes; `callers` around what a caller gave to be called meanwhile.
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

_SMALL, _TENTH = np.float32(1e-38), np.float32(0.1)


@dataclass(frozen=True)
class _Setting:
    ours: Any
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
    """Tell whether this thread takes numbers below float32's normal ones for 0."""
    # PyTorch can set it, but does not tell whether somebody else has.
    with np.errstate(under="ignore"):
        return bool(_SMALL * _TENTH == 0)


_THREAD: dict[str, _Setting] = {
    # Ours meet once a step, see `sfumato.parallel`; a network of someone's own is given its threads by its engine.
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
"""Each thread has its own."""

_PROCESS: dict[str, _Setting] = {
    "default type": _Setting(torch.float32, torch.get_default_dtype, torch.set_default_dtype),
    "deterministic": _Setting((False, False), _deterministic, _set_deterministic),
    "precision of products": _Setting(
        "highest", torch.get_float32_matmul_precision, torch.set_float32_matmul_precision
    ),
    "anomalies": _Setting((False, True), _anomalies, _set_anomalies),
}
"""All threads share these: while several of them compute, the first sets them and the last puts them back."""

_lock = threading.Lock()
_inside = 0
_before: State = {}


class _Depth(threading.local):
    saved: State | None = None
    """The caller's state, while this thread is inside."""


_depth = _Depth()


@contextmanager
def ours() -> Iterator[None]:
    """Have every setting as ours in the block, in this thread."""
    if _depth.saved is not None:
        yield
        return
    _enter_process()
    saved: State = {name: each.get() for name, each in _THREAD.items()}
    saved |= {"gradients": torch.is_grad_enabled(), "inference": torch.is_inference_mode_enabled()}
    saved["device"] = torch.get_default_device()
    _depth.saved = saved
    try:
        _switch(saved, {name: each.ours for name, each in _THREAD.items()})
        with _modes(saved, gradients=True, inference=False, device=torch.device("cpu")):
            yield
    finally:
        _depth.saved = None
        # As they are by now: engines give a network of someone's own more threads.
        _switch({name: each.get() for name, each in _THREAD.items()}, saved)
        _leave_process()


@contextmanager
def callers() -> Iterator[None]:
    """Have every setting as the caller has it in the block: for functions that the caller gave."""
    saved = _depth.saved
    if saved is None:
        yield
        return
    now: State = {name: each.get() for name, each in _THREAD.items()}
    now |= {"gradients": True, "inference": False, "device": torch.device("cpu")}
    _depth.saved = None
    _switch(now, saved)
    _leave_process()
    try:
        with _modes(now, **{name: saved[name] for name in ("gradients", "inference", "device")}):
            yield
    finally:
        _enter_process()
        _switch({name: each.get() for name, each in _THREAD.items()}, now)
        _depth.saved = saved


def scoped(function: Callable[P, T]) -> Callable[P, T]:
    """Decorate a function that computes: it does so with `ours`."""

    @functools.wraps(function)
    def within(*arguments: P.args, **named: P.kwargs) -> T:
        with ours():
            return function(*arguments, **named)

    return within


def unscoped(function: Callable[P, T]) -> Callable[P, T]:
    """Wrap a function that a caller gave: it is called with `callers`."""

    @functools.wraps(function, assigned=())
    def outside(*arguments: P.args, **named: P.kwargs) -> T:
        with callers():
            return function(*arguments, **named)

    return outside


def between_yields(items: Generator[T, None, None]) -> Generator[T, None, None]:
    """Yield what a generator yields, which works with `ours`; what it yields is looked at with the caller's."""
    try:
        while True:
            with ours():
                try:
                    item = next(items)
                except StopIteration:
                    return
            yield item
    finally:
        with ours():
            items.close()


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Let PyTorch's operations use so many threads in the block, in this thread."""
    before = torch.get_num_threads()
    if before != count:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        if before != count:
            torch.set_num_threads(before)


def _modes(now: State, *, gradients: bool, inference: bool, device: torch.device) -> AbstractContextManager[Any]:
    """What PyTorch has as blocks alone; each costs something at every call, so none where nothing changes."""
    stack = ExitStack()
    if now["inference"] != inference:
        stack.enter_context(torch.inference_mode(inference))
    if torch.is_grad_enabled() != gradients:
        stack.enter_context(torch.set_grad_enabled(gradients))
    if now["device"] != device:
        stack.enter_context(device)
    return stack


def _switch(now: State, wanted: State) -> None:
    for name, each in _THREAD.items():
        if now[name] != wanted[name]:
            each.set(wanted[name])


def _enter_process() -> None:
    global _inside
    with _lock:
        if _inside == 0:
            _before.clear()
            for name, each in _PROCESS.items():
                if (value := each.get()) != each.ours:
                    _before[name] = value
                    each.set(each.ours)
        _inside += 1


def _leave_process() -> None:
    global _inside
    with _lock:
        _inside -= 1
        if _inside == 0:
            for name, value in _before.items():
                _PROCESS[name].set(value)
            _before.clear()


def _after_fork() -> None:
    """Only the thread that forked is there: what others had entered is over, and nobody will give up the lock."""
    global _lock, _inside
    _lock, _inside = threading.Lock(), int(_depth.saved is not None)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
