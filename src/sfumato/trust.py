"""The custom classes and functions that may be imported in this process: those that its user has named, and no others.

A recipe names a class in ``model.module``, or functions in ``model.activation``. The author of the recipe chose them,
in a run's folder, a shared string, a link, or a file, and importing them runs the author's code. So they are imported
only if an entry point has allowed it here: the command line allows those named by its flags, and Python those named in
a call. The studio allows none.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sfumato.errors import RecipeError, SfumatoError
from sfumato.formatting import shortened

_ALLOWED: set[str] = set()
_NAME = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


def allow(name: str) -> None:
    """Allow ``package.module:name``, a class or a function, to be imported from now on, with any arguments."""
    _ALLOWED.add(_class(name))


def allow_named_in(changes: Mapping[str, Any]) -> None:
    """Allow the classes and functions that the caller's changes of a recipe name, if they name any."""
    for name in named_in(changes):
        allow(name)


def allow_typed(names: Iterable[str]) -> None:
    """Allow what the user has named in flags ``--allow``. Raises SfumatoError for a text that is no name."""
    for name in names:
        if not re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*", name):
            raise SfumatoError(
                f"--allow must be given a class or function, package.module:name. Got {shortened(repr(name), 200)}."
            )
        allow(name)


def named_in(recipe: Mapping[str, Any]) -> list[str]:
    """Return the classes and functions, ``package.module:name``, that a recipe or changes of one name."""
    model = recipe.get("model")
    if not isinstance(model, Mapping):
        return []
    module, activation = model.get("module"), model.get("activation")
    found = [_class(module)] if isinstance(module, str) else []
    for each in activation if isinstance(activation, list | tuple) else [activation]:
        found += _NAME.findall(str(each))
    return list(dict.fromkeys(found))


def allowed() -> Collection[str]:
    """Return all allowed classes, for a process that works for this one."""
    return tuple(sorted(_ALLOWED))


def check(name: str, field: str = "model.module") -> None:
    """Raise RecipeError unless the class or function that ``field`` names may be imported."""
    if _class(name) not in _ALLOWED:
        text = shortened(repr(name), 200)
        if field != "model.module":
            raise RecipeError(
                f"{field} must be named by you to be imported. Got {text} from a recipe or a run's folder; if you "
                f"trust that code, name it: --{field} {text} with a recipe, --allow {shortened(_class(name), 200)} "
                f"with a run, in Python sfumato.trust.allow({text})."
            )
        raise RecipeError(
            f"model.module must be named by you to be imported. Got {text} from a recipe or a run's folder; if you "
            f"trust that code, name it: --model.module {text} with a recipe, --module {text} with a run, in Python "
            "model={'module': ...} or module=."
        )


def _class(name: str) -> str:
    return name.partition("(")[0].strip()
