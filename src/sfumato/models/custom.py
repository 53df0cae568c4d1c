"""Custom networks by name: ``mypkg.nets:Net(width=64)``."""

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
"""Module of a class that was defined in a script or a notebook; it differs from process to process."""


def build(text: str, channels: int, seed: int) -> nn.Module:
    """Import the class and call it with the arguments in ``text``, and with ``channels`` if it has such a parameter.

    PyTorch's random numbers are seeded with ``seed`` during the call. The current folder is on the import path. Raises
    RecipeError when there is no such class, it is not an ``nn.Module``, or it cannot be built.
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
    """Raise RecipeError, with a remedy, for a class that was defined in another process's script or notebook."""
    where, _, name = text.partition("(")[0].partition(":")
    if where == MAIN and not hasattr(sys.modules[MAIN], name):
        raise RecipeError(
            f"{text} was defined in a script or notebook, from which other programs cannot import it. Pass the network "
            f"itself: module={name}(...) in Python; on the command line --module nets:{name}, from a file nets.py."
        )


def name_of(module: nn.Module) -> str:
    """Return the name of a module's class for ``model.module``."""
    kind = type(unwrap(module))
    # A class defined inside a function is called f.<locals>.Net: for display only, as it cannot be imported.
    return re.sub(r"[^\w.:]", "_", f"{kind.__module__}:{kind.__qualname__}")


def unwrap(module: nn.Module) -> nn.Module:
    """Return the module without the wrappers of torch.compile and DataParallel, which change the names of weights."""
    while True:
        wrapped = getattr(module, "_orig_mod", None)
        if wrapped is None and isinstance(module, nn.DataParallel | nn.parallel.DistributedDataParallel):
            wrapped = module.module
        if not isinstance(wrapped, nn.Module):
            return module
        module = wrapped


def dtype_of(module: nn.Module) -> torch.dtype:
    """Return the data type of the first floating-point parameter, or float32 where there is none."""
    return next((each.dtype for each in module.parameters() if each.is_floating_point()), torch.float32)


def to_device(module: nn.Module, device: torch.device, dtype: torch.dtype) -> nn.Module:
    """Move the module to ``device`` in place, and convert its floating-point numbers to ``dtype``.

    ``Module.to`` would convert complex numbers to real ones too, and drop their imaginary parts.
    """
    complex_dtype = torch.complex128 if dtype == torch.float64 else torch.complex64

    def convert(values: torch.Tensor) -> torch.Tensor:
        target = dtype if values.is_floating_point() else complex_dtype if values.is_complex() else None
        return values.to(device, target)

    return module._apply(convert)  # pyright: ignore[reportPrivateUsage]


def line_of(error: BaseException) -> str:
    """Return an error of user code as one line."""
    return shortened(" ".join(f"{type(error).__name__}: {error}".split()), 300)


def _find(text: str, where: str, name: str) -> type[nn.Module]:
    current = str(Path.cwd())
    sys.path.insert(0, current)
    try:
        found = getattr(import_module(where), name, None)
    except Exception as error:
        raise RecipeError(f"model.module must be module:Class. Importing {where} raises {line_of(error)}") from error
    finally:
        sys.path.remove(current)
    # Checked before the call, because a recipe from elsewhere may name anything that can be imported.
    if not (isinstance(found, type) and issubclass(found, nn.Module)):
        raise RecipeError(f"model.module must name a class derived from torch.nn.Module. Got {text!r}.")
    return found
