"""The executor that a flag or an argument names, or the one of this machine that suits the networks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from sfumato.errors import RecipeError
from sfumato.formatting import shortened
from sfumato.lab.executors.executor import Executor
from sfumato.recipe import Recipe
from sfumato.recipe.engines import ENGINES
from sfumato.training.engines import choose

LOCAL = "local"

RULE = "executor must be local, ray, ray:HOST:PORT, folder:DIR, or module:Class of your own."


def local_name(recipes: Sequence[Recipe]) -> str:
    """Return the name of this machine's executor for some recipes: threads, processes, or here.

    ``threads`` where compiled engines train all of them: their threads do not wait for each other. Else ``processes``:
    autograd spends much of its time in Python, which only one thread of a process can run. Both run one trial per core
    with one thread each, so that the numbers are the same. ``here`` where a network is a class of the main module, a
    script or a notebook, which no other process can import: one trial after the other.
    """
    if any(_of_main(recipe) for recipe in recipes):
        return "here"
    return "threads" if all(ENGINES[choose(recipe)].compiled for recipe in recipes) else "processes"


def local(name: str, workers: int) -> AbstractContextManager[Executor]:
    """Return this machine's executor of that name as a context manager that ends what it started."""
    from sfumato.lab.executors.processes import Processes
    from sfumato.lab.executors.threads import Threads

    if name == "processes":
        return Processes(workers)
    # A custom network may draw from PyTorch's global generator while it is built, so build one at a time.
    return nullcontext(Threads(1, "here") if name == "here" else Threads(workers))


def is_local(given: Executor | str | None) -> bool:
    """Return whether trials train on this machine, by an executor of Sfumato's choice."""
    return given is None or given == LOCAL


def opened(
    given: Executor | str | None, recipes: Callable[[], Sequence[Recipe]], workers: int
) -> AbstractContextManager[Executor]:
    """Return an executor as a context manager that ends what it started.

    ``given``: an executor; or ``ray``, ``ray:ADDRESS``, ``folder:DIR``, or ``module:Class`` of the user's own; or
    ``local``, None. ``recipes``: those that it will train.
    ``workers``: trials at a time (0: one per core, here or of the cluster). Raises RecipeError for a name that is none,
    RunError for a cluster or a folder that is none, and SfumatoError where a package is missing.
    """
    if given is None or given == LOCAL:
        return local(local_name(recipes()), workers)
    if not isinstance(given, str):
        return nullcontext(given)
    kind, _, rest = given.partition(":")
    if kind == "ray":
        from sfumato.lab.executors.ray_cluster import RayExecutor

        _require_importable(recipes(), given)
        executor = RayExecutor(rest or "auto", workers=workers)
        executor.check()
        return executor
    if kind == "folder" and rest:
        from sfumato.lab.executors.folder.executor import FolderExecutor

        _require_importable(recipes(), given)
        folder = FolderExecutor(Path(rest), workers=workers)
        folder.check()
        return nullcontext(folder)
    return nullcontext(_own(given))


def check(given: str | None, recipes: Sequence[Recipe]) -> None:
    """Raise what `opened` would raise about a name, and start nothing."""
    if given is not None and given != LOCAL:
        kind, _, rest = given.partition(":")
        if kind == "ray" or (kind == "folder" and rest):
            opened(given, lambda: recipes, 0)
        else:
            _named(given)


def _require_importable(recipes: Sequence[Recipe], given: str) -> None:
    for recipe in recipes:
        if found := _of_main(recipe):
            kind = "a class" if recipe.model.module is not None else "a function"
            raise RecipeError(
                f"executor must be local for {found[0]}, {kind} of a script or a notebook, which no other process can "
                f"import. Got {given!r}."
            )


def _of_main(recipe: Recipe) -> list[str]:
    """Return what the recipe's network imports from the main module."""
    return [name for name in recipe.model.imports if name.startswith("__main__:")]


def _own(given: str) -> Executor:
    """Return an executor of the user's own, ``module:Class`` or ``module:function``, whom the user named."""
    found = _named(given)
    with _refused(given):
        made = found() if isinstance(found, type) else found
    return cast("Executor", _require_callable(given, made))


def _named(given: str) -> Any:
    """Import the class or the function that a user named. Raises RecipeError."""
    module, separator, name = given.partition(":")
    if not (separator and module and name):
        raise RecipeError(f"{RULE} Got {shortened(repr(given), 200)}.")
    with _refused(given):
        found = getattr(import_module(module), name)
    return _require_callable(given, found)


def _require_callable(given: str, found: Any) -> Any:
    if not callable(found):
        raise RecipeError(f"{RULE} Got {shortened(repr(given), 200)}, which cannot be called with trials.")
    return found


@contextmanager
def _refused(given: str) -> Iterator[None]:
    """Import from the current folder too in the block; raise RecipeError for any error of the user's code."""
    current = str(Path.cwd())
    sys.path.insert(0, current)
    try:
        yield
    except Exception as error:
        line = shortened(" ".join(f"{type(error).__name__}: {error}".split()), 300)
        raise RecipeError(f"{RULE} Got {shortened(repr(given), 200)}, and {line}.") from error
    finally:
        sys.path.remove(current)
