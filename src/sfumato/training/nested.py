"""Nested states, as PyTorch's optimizers keep them, to and from flat named arrays: no pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

STRUCTURE = "structure"
_TENSOR, _LIST, _DICT, _PLAIN = "tensor", "list", "dict", "plain"


def flatten(nested: Any) -> dict[str, NDArray[Any]]:
    """Dicts, lists, tensors, numbers, text and None -> arrays by name, with the structure as JSON bytes.

    Raises TypeError for anything else.
    """
    arrays: dict[str, NDArray[Any]] = {}
    structure = _down(nested, arrays)
    arrays[STRUCTURE] = np.frombuffer(json.dumps(structure).encode(), dtype=np.uint8)
    return arrays


def unflatten(arrays: Mapping[str, NDArray[Any]]) -> Any:
    """What was given to `flatten`; the tensors share no memory with the arrays."""
    return _up(json.loads(arrays[STRUCTURE].tobytes()), arrays)


def _down(value: Any, arrays: dict[str, NDArray[Any]]) -> list[Any]:
    match value:
        case torch.Tensor():
            name = str(len(arrays))
            arrays[name] = value.detach().cpu().numpy().copy()
            return [_TENSOR, name]
        case dict():
            # Keys stay numbers where they are: JSON's own objects would turn them into text.
            return [_DICT, [[key, _down(below, arrays)] for key, below in value.items()]]
        case list() | tuple():
            return [_LIST, [_down(below, arrays) for below in value]]
        case None | bool() | int() | float() | str():
            return [_PLAIN, value]
        case _:
            raise TypeError(f"cannot save a {type(value).__name__}")


def _up(node: list[Any], arrays: Mapping[str, NDArray[Any]]) -> Any:
    kind, value = node
    match kind:
        case "tensor":
            return torch.from_numpy(arrays[value].copy())
        case "dict":
            return {key: _up(below, arrays) for key, below in value}
        case "list":
            return [_up(below, arrays) for below in value]
        case _:
            return value
