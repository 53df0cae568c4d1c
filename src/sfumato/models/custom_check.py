"""What a network of the user's own must be, to be trained here: told before it is touched."""

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

TRIED = (3, 1)
"""Samples that are asked for: a painting's last piece may have one."""


def check(module: nn.Module, channels: int) -> None:
    """Raise RecipeError unless the module maps (N, 2) to (N, channels) and has something to train.

    The module stays as it is; where it has lazy layers, only a copy's come into being.
    """
    name = name_of(module)
    if not any(parameter.requires_grad for parameter in module.parameters()):
        raise RecipeError(f"the network must have parameters to train. Got {name}, which has none.")
    for each, parameter in module.named_parameters():
        if parameter.is_complex():
            raise RecipeError(
                f"the network must have real parameters. Got {name}, whose {each} is complex; hold the real and the "
                "imaginary part as two parameters, and join them in forward with torch.complex."
            )
        if parameter.requires_grad and parameter.dtype not in (torch.float32, torch.float64) and not is_lazy(parameter):
            raise RecipeError(
                f"the network must be trained in float32 or float64. Got {name}, whose {each} is "
                f"{str(parameter.dtype).removeprefix('torch.')}; convert it first: net.float()."
            )
    with tried_on(module) as tried:
        for samples in TRIED:
            _check_answers(tried, name, samples, channels)


def materialized(module: nn.Module, seed: int) -> nn.Module:
    """The module, after its lazy layers have come into being, in place, with weights drawn from ``seed``."""
    if _is_lazy(module):
        with torch.random.fork_rng(devices=[]), evaluating(module), torch.no_grad():
            torch.manual_seed(seed)
            module(_inputs(module, TRIED[0]))
    return module


@contextmanager
def tried_on(module: nn.Module) -> Iterator[nn.Module]:
    """A copy to try things on, so that the module itself stays as it is; as do the caller's random numbers.

    Raises RecipeError for a module that cannot be copied: films and figures could not be made of it either.
    """
    with torch.random.fork_rng(devices=[]):
        try:
            copied = copy.deepcopy(module)
        # Someone's own class may refuse to be copied in any way.
        except Exception as error:
            raise RecipeError(
                f"the network must be one that copy.deepcopy can copy. {name_of(module)} raises {line_of(error)}; "
                f"{_remedy(module)}."
            ) from error
        yield copied


def _remedy(module: nn.Module) -> str:
    if _is_lazy(module):
        return "give its lazy layers their sizes first: net(torch.zeros(2, 2))"
    return "a weight_norm of torch.nn.utils can, once it is one of torch.nn.utils.parametrizations"


def _is_lazy(module: nn.Module) -> bool:
    return any(is_lazy(each) for each in (*module.parameters(), *module.buffers()))


def _check_answers(module: nn.Module, name: str, samples: int, channels: int) -> None:
    rule = f"the network must map (N, 2) to (N, {channels})."
    try:
        # Not inference_mode: what a module makes or keeps there could never be trained.
        with evaluating(module), torch.no_grad():
            outputs = module(_inputs(module, samples))
    except Exception as error:
        raise RecipeError(f"{rule} {name} raises {line_of(error)}") from error
    if not isinstance(outputs, torch.Tensor):
        raise RecipeError(f"{rule} {name} answers {_count(samples)} with {type(outputs).__name__}.")
    if tuple(outputs.shape) != (samples, channels):
        raise RecipeError(f"{rule} {name} answers {_count(samples)} with {tuple(outputs.shape)}.")
    if not outputs.is_floating_point():
        kind = str(outputs.dtype).removeprefix("torch.")
        raise RecipeError(f"{rule} {name} answers with {kind}; it must be real numbers, such as float32.")


def _inputs(module: nn.Module, samples: int) -> torch.Tensor:
    device = next((each.device for each in module.parameters()), torch.device("cpu"))
    return torch.zeros((samples, 2), dtype=dtype_of(module), device=device)


def _count(samples: int) -> str:
    return "1 sample" if samples == 1 else f"{samples} samples"
