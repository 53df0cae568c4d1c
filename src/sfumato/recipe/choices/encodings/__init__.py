"""Encodings of a network's inputs: of the coordinates, where a picture is learned."""

from sfumato.recipe.choices.encodings.encoding import COORDINATES, Encoding
from sfumato.recipe.choices.encodings.grids import DenseGrid, HashGrid
from sfumato.recipe.choices.encodings.untrained import Basic, Fourier, Identity, OneBlob, Positional, TriangleWave

__all__ = [
    "COORDINATES",
    "Basic",
    "DenseGrid",
    "Encoding",
    "Fourier",
    "HashGrid",
    "Identity",
    "OneBlob",
    "Positional",
    "TriangleWave",
]
