"""Saxe et al. 2014: W = gain * Q with orthonormal rows, Q Q^T = I, or columns, where there are fewer."""

from __future__ import annotations

import math

import numpy as np

from sfumato.models.initializations.initialization import Array, LayerSpec
from sfumato.recipe import choices


def draw(choice: choices.Orthogonal, layer: LayerSpec, random: np.random.Generator) -> tuple[Array, Array]:
    """Draw an orthogonal matrix times gain; biases are 0."""
    return choice.gain / math.sqrt(layer.terms) * orthonormal(layer, random), np.zeros(layer.fan_out)


def orthonormal(layer: LayerSpec, random: np.random.Generator) -> Array:
    """Draw a (fan_out, fan_in) matrix with orthonormal rows, or columns where there are fewer."""
    long, short = max(layer.fan_in, layer.fan_out), min(layer.fan_in, layer.fan_out)
    q, r = np.linalg.qr(random.standard_normal((long, short)))
    # QR alone is not uniform over the orthogonal matrices: the signs of R's diagonal must be removed (Mezzadri 2007).
    q = q * np.where(np.diag(r) < 0, -1.0, 1.0)
    return q if layer.fan_out == long else q.T
