"""Initialisations: one a file, drawn in float64 by NumPy so that every engine starts from the same numbers."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from sfumato.models.initialisations import gaussian, glorot, he, lecun, orthogonal, siren
from sfumato.models.initialisations.initialisation import Draw, Shape
from sfumato.recipe import choices
from sfumato.streams import stream

IMPLEMENTATIONS: dict[type[choices.Initialisation], Draw] = {
    choices.Gaussian: gaussian.draw,
    choices.He: he.draw,
    choices.Glorot: glorot.draw,
    choices.LeCun: lecun.draw,
    choices.Orthogonal: orthogonal.draw,
    choices.Siren: siren.draw,
}
"""Every initialisation by its choice."""


def initialise(layers: Sequence[nn.Linear], choice: choices.Initialisation, seed: int) -> None:
    """Draw the weights of linear layers, given from input to output, in place.

    Each layer has a stream of its own, so that networks of different depth agree in the layers that they share.
    """
    for number, layer in enumerate(layers):
        name = "output" if layer is layers[-1] else str(number)
        shape = Shape(layer.in_features, layer.out_features, first=number == 0)
        weights, biases = IMPLEMENTATIONS[type(choice)](choice, shape, stream(seed, f"initialisation/{name}"))
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(weights))
            if layer.bias is not None:
                layer.bias.copy_(torch.from_numpy(biases))


__all__ = ["IMPLEMENTATIONS", "Draw", "Shape", "initialise"]
