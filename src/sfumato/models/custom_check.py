"""Requirements on custom networks, checked on a copy before training."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from sfumato.errors import RecipeError
from sfumato.models.custom import dtype_of, line_of, name_of
from sfumato.models.modes import evaluating

BATCH_SIZES = (3, 1)
"""Numbers of samples with which a network is called: the last tile of a painting may have one."""


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
