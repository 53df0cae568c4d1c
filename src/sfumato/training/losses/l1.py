"""The absolute error, |e|."""

from __future__ import annotations

import numpy as np
import torch

from sfumato.training.losses.loss import Implementation


def value(error: float) -> float:
    """Return |e|."""
    return abs(error)


def derivative(error: float) -> float:
    """Return the sign of e, 0 for 0."""
    return np.sign(error)


IMPLEMENTATION = Implementation(torch.abs, value, derivative)
