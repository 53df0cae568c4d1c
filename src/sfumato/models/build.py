"""From a recipe to an initialised module."""

from __future__ import annotations

import torch
from torch import nn

from sfumato import trust
from sfumato.models import activations, encodings, own, own_check
from sfumato.models.initialisations import initialise
from sfumato.models.mlp import MLP
from sfumato.recipe import Coordinates, Model
from sfumato.streams import stream

DEFAULT = Coordinates()

DTYPES = {"float32": torch.float32, "float64": torch.float64}


def build(
    model: Model,
    channels: int,
    seed: int,
    dtype: torch.dtype = torch.float32,
    coordinates: Coordinates = DEFAULT,
) -> nn.Module:
    """The network for pictures of ``channels`` colours, its weights drawn from ``seed``; on the CPU.

    Some initialisations look at the ``coordinates`` that it is to be trained on. Raises RecipeError when the network
    is the user's own and cannot be built, or nobody here has allowed to import it.
    """
    if model.module:
        trust.check(model.module)
        module = own_check.materialized(own.build(model.module, channels, seed), seed)
        return own.placed(module, torch.device("cpu"), dtype)
    return mlp(model, channels, seed, dtype, coordinates)


def mlp(
    model: Model,
    channels: int,
    seed: int,
    dtype: torch.dtype = torch.float32,
    coordinates: Coordinates = DEFAULT,
) -> MLP:
    """The recipe's own multilayer perceptron."""
    encode, inputs = encodings.build(model.encoding, stream(seed, "encoding"))
    perceptron = MLP(
        encode,
        inputs,
        model.widths,
        channels,
        activations.build(model.activation),
        biases=model.biases,
        squash=model.output == "sigmoid",
        wiring=model.wiring,
    ).to(dtype)
    initialise(perceptron, model.init, seed, coordinates)
    return perceptron
