"""Images of digits with their labels, divided into those that train and those that test."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.rng import rng_for

OUTPUTS = 10
"""One a digit; the largest is the network's answer."""

HELD_OUT = 1 / 4
"""Part of the training digits that a learning rate is judged by."""


@dataclass(frozen=True)
class Part:
    """Some of the digits."""

    inputs: NDArray[np.float32]
    """(N, F) in [0, 1], an image a row."""
    labels: NDArray[np.int64]
    """(N,) from 0 to 9."""

    @property
    def targets(self) -> NDArray[np.float64]:
        """(N, 10): 1 for the label, 0 for all others."""
        return np.eye(OUTPUTS)[self.labels]

    def those(self, numbers: NDArray[np.int64]) -> Part:
        """The digits with these numbers."""
        return Part(self.inputs[numbers], self.labels[numbers])


@dataclass(frozen=True)
class Digits:
    """A set of them."""

    source: str
    training: Part
    test: Part
    """Decides the verdict and nothing else: neither weights nor learning rates have seen it."""

    def divided(self, seed: int, *, tuning: bool) -> tuple[Part, Part]:
        """(what trains, what is looked at) of one trial; for tuning both are of the training digits."""
        if not tuning:
            return self.training, self.test
        order = rng_for(seed, "digits held out").permutation(len(self.training.labels))
        held = round(HELD_OUT * len(order))
        return self.training.those(order[held:]), self.training.those(order[:held])

    def facts(self) -> dict[str, Any]:
        """For the plan."""
        return {
            "source": self.source,
            "samples": len(self.training.labels),
            "tests": len(self.test.labels),
            "inputs": self.training.inputs.shape[1],
            "outputs": OUTPUTS,
            "sha256": self._sha256(),
        }

    def _sha256(self) -> str:
        digest = hashlib.sha256()
        for part in (self.training, self.test):
            digest.update(np.asarray(part.inputs.shape, dtype="<i8").tobytes())
            digest.update(np.ascontiguousarray(part.inputs, dtype="<f4").data)
            digest.update(np.ascontiguousarray(part.labels, dtype="<i8").data)
        return digest.hexdigest()
