"""Which classes of the user's own may be imported in this process: those that its user has named, and no others.

A recipe names a class in ``model.module``, and whoever wrote the recipe chose it: in a run's folder, a shared string, a
link, a file. Importing it runs their code. So importing is refused, but for what an entry point has allowed here: the
command line what was typed on it, Python what the caller wrote in a call. The studio allows nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sfumato.errors import RecipeError
from sfumato.formatting import shortened

_ALLOWED: set[str] = set()


def allow(name: str) -> None:
    """Let ``package.module:Class`` be imported from now on, whatever arguments it is written with."""
    _ALLOWED.add(_class(name))


def allow_named_in(changes: Mapping[str, Any]) -> None:
    """Let the class be imported that these changes of a recipe name, if they do: the caller wrote them."""
    model = changes.get("model")
    name = model.get("module") if isinstance(model, Mapping) else None
    if isinstance(name, str):
        allow(name)


def allowed() -> Collection[str]:
    """All classes, for a process that works for this one."""
    return tuple(sorted(_ALLOWED))


def check(name: str) -> None:
    """Raise RecipeError unless the class may be imported."""
    if _class(name) not in _ALLOWED:
        shown = shortened(repr(name), 200)
        raise RecipeError(
            f"model.module must be named by you to be imported. Got {shown} from a recipe or a run's folder; if you "
            f"trust that code, name it: --model.module {shown} with a recipe, --module {shown} with a run, in Python "
            "model={'module': ...} or module=."
        )


def _class(name: str) -> str:
    return name.partition("(")[0].strip()
