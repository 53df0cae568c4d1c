"""Calls to PyTorch's optimizers that do not import its compiler, ``torch._dynamo``, which nothing here uses.

The import takes seconds, and their methods ask for it even where nothing is compiled. With another version of PyTorch,
the worst that can happen is that the import is back.
"""

from __future__ import annotations

import inspect
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

_METHODS = ("add_param_group", "state_dict", "load_state_dict")
_ATTRIBUTE = "__dynamo_disable"
"""Where `torch._compile._disable_dynamo` keeps what it calls instead of the method."""
_LOCK = threading.Lock()
_inside = 0
"""Number of threads that are inside `eager_methods`."""


@contextmanager
def eager_methods() -> Iterator[None]:
    """Construct, save and load optimizers in this context without the import.

    These methods import the compiler at their first call, to exclude themselves from compiled code. Where it is not
    loaded, nothing is compiled, and the methods themselves can be called. Nothing of PyTorch stays changed, so that the
    caller's ``torch.compile`` finds its own.
    """
    global _inside
    methods = [method for method in map(_original, _METHODS) if method is not None]
    with _LOCK:
        _inside += 1
        for method in methods:
            if "torch._dynamo" not in sys.modules:
                method.__dict__.setdefault(_ATTRIBUTE, method)
    try:
        yield
    finally:
        with _LOCK:
            _inside -= 1
            for method in methods:
                # What PyTorch itself set meanwhile stays.
                if not _inside and method.__dict__.get(_ATTRIBUTE) is method:
                    del method.__dict__[_ATTRIBUTE]


def eager_step(optimizer: torch.optim.Optimizer, closure: Callable[[], float] | None) -> None:
    """Take one step, like ``optimizer.step(closure)``, but without PyTorch's hooks, profiling and the import."""
    step = inspect.unwrap(type(optimizer).step, stop=lambda method: not method.__module__.startswith("torch."))
    with torch.no_grad():
        step(optimizer, closure)


def _original(name: str) -> Callable[..., Any] | None:
    return getattr(getattr(torch.optim.Optimizer, name), "__wrapped__", None)
