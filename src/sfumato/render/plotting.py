"""Matplotlib, whatever window the environment has chosen for its figures: files need none."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from types import ModuleType

BACKEND = "MPLBACKEND"


def matplotlib() -> ModuleType:
    """Import Matplotlib.

    Notebooks name their own backend in the environment, which programs that they start inherit, also where it is not
    installed. Importing Matplotlib would then fail. For the caller's figures the choice stays as it was.
    """
    if "matplotlib" in sys.modules:
        return sys.modules["matplotlib"]
    chosen = os.environ.pop(BACKEND, None)
    try:
        import matplotlib
    finally:
        if chosen is not None:
            os.environ[BACKEND] = chosen
    if chosen:
        # Matplotlib asks the environment only when it is imported.
        with suppress(ValueError, ImportError):
            matplotlib.rcParams["backend"] = chosen
    return matplotlib
