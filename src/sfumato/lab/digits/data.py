"""Images of digits with their labels, divided into a training set and a test set; those of scikit-learn.

E. Alpaydin and C. Kaynak: Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.errors import SfumatoError
from sfumato.rng import rng_for

OUTPUTS = 10
"""One output per digit; the largest is the prediction."""

HELD_OUT = 1 / 4
"""Fraction of the training digits on which a learning rate is validated."""

BUNDLED_SOURCE = "scikit-learn's digits"
TEST = 1 / 3
"""Fraction of the digits in the test set, the same for every experiment."""
SHADES = 16
"""Largest value of a pixel."""


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


def load_bundled() -> Digits:
    """Return the digits. Raises SfumatoError without scikit-learn."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise SfumatoError(
            "the bundled digits need scikit-learn, which is not installed: pip install 'sfumato[lab]', or give MNIST's "
            "files with --mnist DIR."
        ) from None
    images, labels = load_digits(return_X_y=True)
    everything = Part((np.asarray(images) / SHADES).astype(np.float32), np.asarray(labels, dtype=np.int64))
    order = rng_for(0, "digits test").permutation(len(everything.labels))
    tests = round(TEST * len(order))
    return Digits(BUNDLED_SOURCE, everything.take(order[tests:]), everything.take(order[:tests]))
