"""Images of digits with their labels, divided into a training set and a test set."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.rng import rng_for

OUTPUTS = 10
"""One output per digit; the largest is the prediction."""

HELD_OUT = 1 / 4
"""Fraction of the training digits on which a learning rate is validated."""


@dataclass(frozen=True)
class Part:
    """A subset of the digits."""

    inputs: NDArray[np.float32]
    """Images (N, F) in [0, 1], one per row."""
    labels: NDArray[np.int64]
    """Labels (N,) from 0 to 9."""

    @property
    def targets(self) -> NDArray[np.float64]:
        """Return the targets (N, 10): 1 for the label, 0 for all others."""
        return np.eye(OUTPUTS)[self.labels]

    def take(self, numbers: NDArray[np.int64]) -> Part:
        """Return the digits with these indices."""
        return Part(self.inputs[numbers], self.labels[numbers])


@dataclass(frozen=True)
class Digits:
    """A data set of digits."""

    source: str
    training: Part
    test: Part
    """Digits that decide the verdict and nothing else: neither weights nor learning rates are fitted to them."""

    def split(self, seed: int, *, tuning: bool) -> tuple[Part, Part]:
        """Return (training, validation) digits of one trial; for tuning both come from the training set."""
        if not tuning:
            return self.training, self.test
        order = rng_for(seed, "digits held out").permutation(len(self.training.labels))
        held = round(HELD_OUT * len(order))
        return self.training.take(order[held:]), self.training.take(order[:held])

    def facts(self) -> dict[str, Any]:
        """Return the facts of the plan about the digits."""
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
