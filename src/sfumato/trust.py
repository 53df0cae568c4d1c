"""The custom classes that may be imported in this process: those that its user has named, and no others.

A recipe names a class in ``model.module``. The author of the recipe chose it, in a run's folder, a shared string, a
link, or a file, and importing it runs the author's code. So a class is imported only if an entry point has allowed it
here: the command line allows classes named by its flags, and Python those named in a call. The studio allows none.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sfumato.errors import RecipeError
from sfumato.formatting import shortened

_ALLOWED: set[str] = set()


def allow(name: str) -> None:
    """Allow ``package.module:Class`` to be imported from now on, with any arguments."""
    _ALLOWED.add(_class(name))


def allow_named_in(changes: Mapping[str, Any]) -> None:
    """Allow the class that the caller's changes of a recipe name, if they name one."""
    model = changes.get("model")
    name = model.get("module") if isinstance(model, Mapping) else None
    if isinstance(name, str):
        allow(name)


def allowed() -> Collection[str]:
    """Return all allowed classes, for a process that works for this one."""
    return tuple(sorted(_ALLOWED))


def check(name: str) -> None:
    """Raise RecipeError unless the class may be imported."""
    if _class(name) not in _ALLOWED:
        text = shortened(repr(name), 200)
        raise RecipeError(
            f"model.module must be named by you to be imported. Got {text} from a recipe or a run's folder; if you "
            f"trust that code, name it: --model.module {text} with a recipe, --module {text} with a run, in Python "
            "model={'module': ...} or module=."
        )


def _class(name: str) -> str:
    return name.partition("(")[0].strip()
