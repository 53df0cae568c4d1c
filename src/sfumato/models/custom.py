"""Custom networks by name, ``mypkg.nets:Net(width=64)``, and the requirements on them."""

from __future__ import annotations

import copy
import inspect
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from sfumato.errors import RecipeError
from sfumato.formatting import shortened
from sfumato.recipe.choices import choice

MAIN = "__main__"
"""Module of a class that was defined in a script or a notebook; it differs from process to process."""
BATCH_SIZES = (3, 1)
"""Numbers of samples with which a network is called: the last tile of a painting may have one."""


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Put the module and its submodules in evaluation mode, and restore the mode of each afterwards.

    ``Module.train`` would set all to the mode of the outermost one, and so unfreeze layers that were put in evaluation
    mode on purpose.
    """
    before = [(each, each.training) for each in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for each, training in before:
            each.training = training


def build(text: str, channels: int, seed: int) -> nn.Module:
    """Import the class and call it with the arguments in ``text``, and with ``channels`` if it has such a parameter.

    PyTorch's random numbers are seeded with ``seed`` during the call. The current folder is on the import path. Raises
    RecipeError when there is no such class, it is not an ``nn.Module``, or it cannot be built.
    """
    where, _, rest = text.partition(":")
    written = choice.parse_call(rest)
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


def attribute_of(where: str, name: str, rule: str) -> Any:
    """Import a module, with the current folder on the import path, and return its attribute, or None.

    Raises RecipeError, which begins with ``rule``, if the import fails.
    """
    current = str(Path.cwd())
    sys.path.insert(0, current)
    try:
        return getattr(import_module(where), name, None)
    except Exception as error:
        raise RecipeError(f"{rule} Importing {where} raises {line_of(error)}") from error
    finally:
        sys.path.remove(current)


def _find(text: str, where: str, name: str) -> type[nn.Module]:
    found = attribute_of(where, name, "model.module must be module:Class.")
    # Checked before the call, because a recipe from elsewhere may name anything that can be imported.
    if not (isinstance(found, type) and issubclass(found, nn.Module)):
        raise RecipeError(f"model.module must name a class derived from torch.nn.Module. Got {text!r}.")
    return found


def check(module: nn.Module, channels: int) -> None:
    """Raise RecipeError unless the module maps (N, 2) to (N, channels) and has parameters to train.

    The module is not changed; lazy layers are materialized in a copy alone.
    """
    name = name_of(module)
    if not any(parameter.requires_grad for parameter in module.parameters()):
        raise RecipeError(f"the network must have parameters to train. Got {name}, which has none.")
    for each, parameter in module.named_parameters():
        if parameter.is_complex():
            raise RecipeError(
                f"the network must have real parameters. Got {name}, whose {each} is complex; use two parameters for "
                "the real and the imaginary part, and combine them in forward with torch.complex."
            )
        if parameter.requires_grad and parameter.dtype not in (torch.float32, torch.float64) and not is_lazy(parameter):
            raise RecipeError(
                f"the network must be trained in float32 or float64. Got {name}, whose {each} is "
                f"{str(parameter.dtype).removeprefix('torch.')}; convert it first: net.float()."
            )
    with scratch_copy(module) as copied:
        for samples in BATCH_SIZES:
            _check_outputs(copied, name, samples, channels)


def materialized(module: nn.Module, seed: int) -> nn.Module:
    """Materialize the lazy layers of the module in place, with weights drawn from ``seed``, and return the module."""
    if _is_lazy(module):
        with torch.random.fork_rng(devices=[]), evaluating(module), torch.no_grad():
            torch.manual_seed(seed)
            module(_inputs(module, BATCH_SIZES[0]))
    return module


@contextmanager
def scratch_copy(module: nn.Module) -> Iterator[nn.Module]:
    """Yield a copy for trials that change neither the module nor the caller's random state.

    Raises RecipeError for a module that cannot be copied, because films and statistics need copies too.
    """
    with torch.random.fork_rng(devices=[]):
        try:
            copied = copy.deepcopy(module)
        # Copying a custom class may raise any exception.
        except Exception as error:
            raise RecipeError(
                f"the network must be one that copy.deepcopy can copy. {name_of(module)} raises {line_of(error)}; "
                f"{_remedy(module)}."
            ) from error
        yield copied


def _remedy(module: nn.Module) -> str:
    if _is_lazy(module):
        return "give its lazy layers their sizes first: net(torch.zeros(2, 2))"
    return "replace torch.nn.utils.weight_norm by that of torch.nn.utils.parametrizations"


def _is_lazy(module: nn.Module) -> bool:
    return any(is_lazy(each) for each in (*module.parameters(), *module.buffers()))


def _check_outputs(module: nn.Module, name: str, samples: int, channels: int) -> None:
    rule = f"the network must map (N, 2) to (N, {channels})."
    try:
        # Not inference_mode: tensors that a module creates or stores there could never be trained.
        with evaluating(module), torch.no_grad():
            outputs = module(_inputs(module, samples))
    except Exception as error:
        raise RecipeError(f"{rule} {name} raises {line_of(error)}") from error
    if not isinstance(outputs, torch.Tensor):
        raise RecipeError(f"{rule} {name} returns {type(outputs).__name__} for {_count(samples)}.")
    if tuple(outputs.shape) != (samples, channels):
        raise RecipeError(f"{rule} {name} returns shape {tuple(outputs.shape)} for {_count(samples)}.")
    if not outputs.is_floating_point():
        dtype = str(outputs.dtype).removeprefix("torch.")
        raise RecipeError(f"{rule} {name} returns {dtype}; outputs must be real, such as float32.")


def _inputs(module: nn.Module, samples: int) -> torch.Tensor:
    device = next((each.device for each in module.parameters()), torch.device("cpu"))
    return torch.zeros((samples, 2), dtype=dtype_of(module), device=device)


def _count(samples: int) -> str:
    return "1 sample" if samples == 1 else f"{samples} samples"
