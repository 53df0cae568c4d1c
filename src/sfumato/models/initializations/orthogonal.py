"""Saxe et al. 2014: orthonormal rows (or columns, where there are fewer) times gain."""

from __future__ import annotations

import math

import numpy as np

from sfumato.models.initializations.initialization import Array, Shape
from sfumato.recipe import choices


def draw(choice: choices.Orthogonal, shape: Shape, random: np.random.Generator) -> tuple[Array, Array]:
    """See the module."""
    long, short = max(shape.fan_in, shape.fan_out), min(shape.fan_in, shape.fan_out)
    q, r = np.linalg.qr(random.standard_normal((long, short)))
    # QR alone is not uniform over the orthogonal matrices: the signs of R's diagonal must be taken out (Mezzadri 2007).
    q = q * np.where(np.diag(r) < 0, -1.0, 1.0)
    return choice.gain / math.sqrt(shape.terms) * (q if shape.fan_out == long else q.T), np.zeros(shape.fan_out)
