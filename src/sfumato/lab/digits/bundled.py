"""The 1,797 digits of 8 x 8 pixels that come with scikit-learn, which need no download.

E. Alpaydin and C. Kaynak: Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998.
"""

from __future__ import annotations

import numpy as np

from sfumato.errors import SfumatoError
from sfumato.lab.digits.data import Digits, Part
from sfumato.rng import rng_for

SOURCE = "scikit-learn's digits"

TEST = 1 / 3
"""Fraction of the digits in the test set, the same for every experiment."""

SHADES = 16
"""Largest value of a pixel."""


def load() -> Digits:
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
    return Digits(SOURCE, everything.take(order[tests:]), everything.take(order[:tests]))
