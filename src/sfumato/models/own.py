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
from sfumato.recipe.choices import call


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
        raise RecipeError(f"model.module must be a class that can be built. {text!r} raises {_line(error)}") from error


def name_of(module: nn.Module) -> str:
    """What a recipe says of a module that was made elsewhere."""
    # A class made inside a function is called f.<locals>.Net: a name for people, that cannot be imported anyway.
    return re.sub(r"[^\w.:]", "_", f"{type(module).__module__}:{type(module).__qualname__}")


def check(module: nn.Module, channels: int) -> None:
    """Raise RecipeError unless the module maps (N, 2) to (N, channels) and has something to train."""
    name = name_of(module)
    if not any(parameter.requires_grad for parameter in module.parameters()):
        raise RecipeError(f"the network must have parameters to train. Got {name}, which has none.")
    first = next(module.parameters())
    inputs = torch.zeros((3, 2), dtype=first.dtype, device=first.device)
    training = module.training
    try:
        with torch.inference_mode():
            outputs = module.eval()(inputs)
    except Exception as error:
        raise RecipeError(f"the network must map (N, 2) to (N, {channels}). {name} raises {_line(error)}") from error
    finally:
        module.train(training)
    shape = tuple(outputs.shape) if isinstance(outputs, torch.Tensor) else type(outputs).__name__
    if shape != (3, channels):
        raise RecipeError(f"the network must map (N, 2) to (N, {channels}). {name} answers 3 samples with {shape}.")


def _find(text: str, where: str, name: str) -> type[nn.Module]:
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        found = getattr(import_module(where), name, None)
    except Exception as error:
        raise RecipeError(f"model.module must be module:Class. Importing {where} raises {_line(error)}") from error
    finally:
        sys.path.remove(here)
    # Checked before it is called: a recipe from somebody else may name anything that can be imported.
    if not (isinstance(found, type) and issubclass(found, nn.Module)):
        raise RecipeError(f"model.module must name a class derived from torch.nn.Module. Got {text!r}.")
    return found


def _line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
