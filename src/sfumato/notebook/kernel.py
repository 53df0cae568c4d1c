"""Access to the Jupyter kernel of this process, if it is one. IPython is used only if the kernel has imported it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


def shell() -> Any | None:
    """Return the kernel's shell, or None outside of notebooks, such as in IPython in a terminal."""
    ipython = sys.modules.get("IPython")
    found = ipython.get_ipython() if ipython is not None else None
    return found if getattr(found, "kernel", None) is not None else None


class Display:
    """One output of the executing cell, updated in place."""

    def __init__(self) -> None:
        # At this point the kernel has imported IPython.
        from IPython.display import DisplayHandle

        self._handle = DisplayHandle()
        self._displayed = False

    def show(self, html: str, plain: str) -> None:
        """Replace the output; ``plain`` is for front ends without HTML."""
        data = {"text/html": html, "text/plain": plain}
        (self._handle.update if self._displayed else self._handle.display)(data, raw=True)
        self._displayed = True


def same_cell() -> Callable[[], bool]:
    """Return a function that tells whether the cell that executes now is still executing."""
    found = shell()
    number = getattr(found, "execution_count", None)
    return lambda: number is not None and getattr(found, "execution_count", None) == number
