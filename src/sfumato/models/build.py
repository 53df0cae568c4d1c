"""From a recipe to an initialised module."""

from __future__ import annotations

import torch

from sfumato.models import activations, encodings
from sfumato.models.initialisations import initialise
from sfumato.models.mlp import MLP
from sfumato.recipe import Model
from sfumato.streams import stream

DTYPES = {"float32": torch.float32, "float64": torch.float64}


def build(model: Model, channels: int, seed: int, dtype: torch.dtype = torch.float32) -> MLP:
    """The network for pictures of ``channels`` colours, its weights drawn from ``seed``; on the CPU."""
    encode, inputs = encodings.build(model.encoding, stream(seed, "encoding"))
    mlp = MLP(
        encode,
        inputs,
        model.widths,
        channels,
        activations.build(model.activation),
        biases=model.biases,
        squash=model.output == "sigmoid",
    ).to(dtype)
    initialise(mlp.linear_layers(), model.init, seed)
    return mlp
