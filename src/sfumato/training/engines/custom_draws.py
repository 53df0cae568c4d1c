"""PyTorch's random numbers of one training, apart from the caller's: what dropout draws repeats, and is resumed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sfumato.rng import rng_for

_KEY = "random/"


class CustomDraws:
    """Draws while a `scope` is open. PyTorch has one generator a device, which is lent for so long."""

    def __init__(self, seed: int, device: torch.device) -> None:
        self._devices = [device] if device.type == "cuda" else []
        first = int(rng_for(seed, "draws of the network").integers(2**63))
        self._states: dict[str, torch.Tensor] = {}
        with torch.random.fork_rng(self._devices):
            torch.manual_seed(first)
            self._take()

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Draw from this training's numbers in the block; afterwards the caller's are where they were."""
        with torch.random.fork_rng(self._devices):
            self._give()
            try:
                yield
            finally:
                self._take()

    @contextmanager
    def looking(self) -> Iterator[None]:
        """The same, but what is drawn in the block is drawn again later: looking at a network changes nothing."""
        with torch.random.fork_rng(self._devices):
            self._give()
            yield

    def state(self) -> dict[str, NDArray[Any]]:
        """What must be restored to draw the same from here on."""
        return {f"{_KEY}{name}": value.numpy().copy() for name, value in self._states.items()}

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Restore what `state` returned. A checkpoint of another kind of device has none of this one's numbers."""
        for name, value in self._states.items():
            saved = state[f"{_KEY}{name}"]
            if saved.dtype != np.uint8 or saved.shape != value.shape:
                raise ValueError(f"{_KEY}{name} must be the state of PyTorch's generator")
            self._states[name] = torch.from_numpy(saved.copy())

    def _give(self) -> None:
        torch.set_rng_state(self._states["cpu"])
        for device in self._devices:
            torch.cuda.set_rng_state(self._states["cuda"], device)

    def _take(self) -> None:
        self._states["cpu"] = torch.get_rng_state()
        for device in self._devices:
            self._states["cuda"] = torch.cuda.get_rng_state(device)
