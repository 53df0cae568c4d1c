"""Encodings of a network's inputs: of the coordinates, where a picture is learned."""

from sfumato.recipe.choices.encodings.encoding import COORDINATES, Encoding
from sfumato.recipe.choices.encodings.untrained import Basic, Fourier, Identity, OneBlob, Positional, TriangleWave

__all__ = ["COORDINATES", "Basic", "Encoding", "Fourier", "Identity", "OneBlob", "Positional", "TriangleWave"]
