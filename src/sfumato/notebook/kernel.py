"""The Jupyter kernel that this process may be; IPython is never imported by us first."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


def shell() -> Any | None:
    """The kernel's shell, or None outside of notebooks (IPython in a terminal is none)."""
    ipython = sys.modules.get("IPython")
    found = ipython.get_ipython() if ipython is not None else None
    return found if getattr(found, "kernel", None) is not None else None


class Display:
    """One output of the cell that runs now, changed in place."""

    def __init__(self) -> None:
        # Here IPython has been imported by the kernel.
        from IPython.display import DisplayHandle

        self._handle = DisplayHandle()
        self._there = False

    def show(self, html: str, plain: str) -> None:
        """Show this in place of what was there; ``plain`` is for whoever reads no HTML."""
        data = {"text/html": html, "text/plain": plain}
        (self._handle.update if self._there else self._handle.display)(data, raw=True)
        self._there = True


def same_cell() -> Callable[[], bool]:
    """A function that tells whether the cell that runs now is still the one that runs."""
    found = shell()
    number = getattr(found, "execution_count", None)
    return lambda: number is not None and getattr(found, "execution_count", None) == number
