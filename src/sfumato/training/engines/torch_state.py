"""States of PyTorch as named arrays: those of optimizers, without pickle, and of random generators."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sfumato.rng import rng_for

STRUCTURE = "structure"
_TENSOR, _LIST, _DICT, _PLAIN = "tensor", "list", "dict", "plain"

_RANDOM_PREFIX = "random/"


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


class CustomDraws:
    """The random streams of a custom module, which PyTorch's global generators, one per device, carry in a `scope`."""

    def __init__(self, seed: int, device: torch.device) -> None:
        self._devices = [device] if device.type == "cuda" else []
        generator_seed = int(rng_for(seed, "draws of the network").integers(2**63))
        self._states: dict[str, torch.Tensor] = {}
        with torch.random.fork_rng(self._devices):
            torch.manual_seed(generator_seed)
            self._save()

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Draw from this training's streams in the block; then restore the caller's generators."""
        with torch.random.fork_rng(self._devices):
            self._restore()
            try:
                yield
            finally:
                self._save()

    @contextmanager
    def peek(self) -> Iterator[None]:
        """Draw from this training's streams in the block without advancing them: an evaluation changes nothing."""
        with torch.random.fork_rng(self._devices):
            self._restore()
            yield

    def state(self) -> dict[str, NDArray[Any]]:
        """Return copies of the streams' states, from which the same numbers follow."""
        return {f"{_RANDOM_PREFIX}{name}": value.numpy().copy() for name, value in self._states.items()}

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Restore what `state` returned.

        Raise KeyError if it was saved on another kind of device and lacks a stream, ValueError if an array is not the
        state of a generator.
        """
        for name, value in self._states.items():
            saved = state[f"{_RANDOM_PREFIX}{name}"]
            if saved.dtype != np.uint8 or saved.shape != value.shape:
                raise ValueError(
                    f"{_RANDOM_PREFIX}{name} must be the state of a PyTorch generator. Got {saved.dtype} {saved.shape}"
                )
            self._states[name] = torch.from_numpy(saved.copy())

    def _restore(self) -> None:
        torch.set_rng_state(self._states["cpu"])
        for device in self._devices:
            torch.cuda.set_rng_state(self._states["cuda"], device)

    def _save(self) -> None:
        self._states["cpu"] = torch.get_rng_state()
        for device in self._devices:
            self._states["cuda"] = torch.cuda.get_rng_state(device)
