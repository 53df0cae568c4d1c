"""Import of Matplotlib, independent of the backend that the environment selects."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from types import ModuleType

BACKEND = "MPLBACKEND"


def matplotlib() -> ModuleType:
    """Import and return Matplotlib.

    Notebooks select their own backend in the environment. Programs that they start inherit it, also where it is not
    installed, and importing Matplotlib would then fail. The selected backend still applies to the caller's figures.
    """
    if "matplotlib" in sys.modules:
        return sys.modules["matplotlib"]
    backend = os.environ.pop(BACKEND, None)
    try:
        import matplotlib
    finally:
        if backend is not None:
            os.environ[BACKEND] = backend
    if backend:
        # Matplotlib reads the environment only when it is imported.
        with suppress(ValueError, ImportError):
            matplotlib.rcParams["backend"] = backend
    return matplotlib
