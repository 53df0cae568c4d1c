"""Conversion of nested states, such as those of PyTorch's optimizers, to flat named arrays and back, without pickle."""

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
    """Return nested dicts, lists, tensors, numbers, strings and None as arrays by name, with their structure as JSON.

    Raise TypeError for anything else.
    """
    arrays: dict[str, NDArray[Any]] = {}
    structure = _flatten(nested, arrays)
    arrays[STRUCTURE] = np.frombuffer(json.dumps(structure).encode(), dtype=np.uint8)
    return arrays


def unflatten(arrays: Mapping[str, NDArray[Any]]) -> Any:
    """Invert `flatten`; the tensors share no memory with the arrays."""
    return _unflatten(json.loads(arrays[STRUCTURE].tobytes()), arrays)


def _flatten(value: Any, arrays: dict[str, NDArray[Any]]) -> list[Any]:
    match value:
        case torch.Tensor():
            name = str(len(arrays))
            arrays[name] = value.detach().cpu().numpy().copy()
            return [_TENSOR, name]
        case dict():
            # A list of pairs, as the keys of a JSON object would turn numbers into strings.
            return [_DICT, [[key, _flatten(item, arrays)] for key, item in value.items()]]
        case list() | tuple():
            return [_LIST, [_flatten(item, arrays) for item in value]]
        case None | bool() | int() | float() | str():
            return [_PLAIN, value]
        case _:
            raise TypeError(f"cannot save a {type(value).__name__}")


def _unflatten(node: list[Any], arrays: Mapping[str, NDArray[Any]]) -> Any:
    kind, value = node
    match kind:
        case "tensor":
            return torch.from_numpy(arrays[value].copy())
        case "dict":
            return {key: _unflatten(item, arrays) for key, item in value}
        case "list":
            return [_unflatten(item, arrays) for item in value]
        case _:
            return value
