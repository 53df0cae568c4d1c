"""A network of the user's own, by name: ``mypkg.nets:Net(width=64)``."""

from __future__ import annotations

import inspect
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import nn

from sfumato.errors import RecipeError
from sfumato.formatting import shortened
from sfumato.recipe.choices import call

MAIN = "__main__"
"""The module of a class that was defined in a script or a notebook: each process has another one of that name."""


def build(text: str, channels: int, seed: int) -> nn.Module:
    """Import the class and call it with the arguments written behind it, and ``channels`` where it takes that.

    What it draws while it is built comes from ``seed``. Modules are looked for in the current folder too. Raises
    RecipeError when there is no such class, it is no ``nn.Module``, or it cannot be built.
    """
    where, _, rest = text.partition(":")
    written = call.parse(rest)
    found = _find(text, where, written.name)
    arguments: dict[str, Any] = dict(written.named)
    if "channels" in inspect.signature(found).parameters:
        arguments.setdefault("channels", channels)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return found(*written.positional, **arguments)
    except Exception as error:
        raise RecipeError(
            f"model.module must be a class that can be built. {text!r} raises {line_of(error)}"
        ) from error


def check_findable(text: str) -> None:
    """Raise RecipeError, which says what to do, for a class of another program's script or notebook."""
    where, _, name = text.partition("(")[0].partition(":")
    if where == MAIN and not hasattr(sys.modules[MAIN], name):
        raise RecipeError(
            f"{text} was defined in a script or notebook, where no other program finds it. Pass the network: "
            f"module={name}(...) in Python; on the command line --module nets:{name}, from a file nets.py."
        )


def name_of(module: nn.Module) -> str:
    """What a recipe says of a module that was made elsewhere."""
    kind = type(inner(module))
    # A class made inside a function is called f.<locals>.Net: a name for people, that cannot be imported anyway.
    return re.sub(r"[^\w.:]", "_", f"{kind.__module__}:{kind.__qualname__}")


def inner(module: nn.Module) -> nn.Module:
    """The module without what torch.compile and DataParallel wrap around it: it has the names of the weights."""
    while True:
        wrapped = getattr(module, "_orig_mod", None)
        if wrapped is None and isinstance(module, nn.DataParallel | nn.parallel.DistributedDataParallel):
            wrapped = module.module
        if not isinstance(wrapped, nn.Module):
            return module
        module = wrapped


def dtype_of(module: nn.Module) -> torch.dtype:
    """The type of its first floating-point parameter; float32 where it has none."""
    return next((each.dtype for each in module.parameters() if each.is_floating_point()), torch.float32)


def placed(module: nn.Module, device: torch.device, dtype: torch.dtype) -> nn.Module:
    """Move the module, in place, and turn its floating-point numbers into ``dtype``.

    ``Module.to`` would turn complex numbers too, and drop their imaginary parts.
    """
    complex_dtype = torch.complex128 if dtype == torch.float64 else torch.complex64

    def moved(values: torch.Tensor) -> torch.Tensor:
        kind = dtype if values.is_floating_point() else complex_dtype if values.is_complex() else None
        return values.to(device, kind)

    return module._apply(moved)  # pyright: ignore[reportPrivateUsage]


def line_of(error: BaseException) -> str:
    """An error of someone else's code in one line."""
    return shortened(" ".join(f"{type(error).__name__}: {error}".split()), 300)


def _find(text: str, where: str, name: str) -> type[nn.Module]:
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        found = getattr(import_module(where), name, None)
    except Exception as error:
        raise RecipeError(f"model.module must be module:Class. Importing {where} raises {line_of(error)}") from error
    finally:
        sys.path.remove(here)
    # Checked before it is called: a recipe from somebody else may name anything that can be imported.
    if not (isinstance(found, type) and issubclass(found, nn.Module)):
        raise RecipeError(f"model.module must name a class derived from torch.nn.Module. Got {text!r}.")
    return found
