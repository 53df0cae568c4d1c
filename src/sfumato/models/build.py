"""From a recipe to an initialized module."""

from __future__ import annotations

import torch
from torch import nn

from sfumato import trust
from sfumato.models import activations, custom, custom_check, encodings
from sfumato.models.initializations import initialize
from sfumato.models.mlp import MLP
from sfumato.process_state import scoped
from sfumato.recipe import Coordinates, Model
from sfumato.recipe.description import layers_of
from sfumato.rng import rng_for

DEFAULT = Coordinates()

DTYPES = {"float32": torch.float32, "float64": torch.float64}


@scoped
def build(
    model: Model,
    channels: int,
    seed: int,
    dtype: torch.dtype = torch.float32,
    coordinates: Coordinates = DEFAULT,
) -> nn.Module:
    """The network for pictures of ``channels`` colors, its weights drawn from ``seed``; on the CPU.

    Some initializations look at the ``coordinates`` that it is to be trained on. Raises RecipeError when the network
    is the user's own and cannot be built, or nobody here has allowed to import it.
    """
    if model.module:
        return _own(model.module, channels, seed, dtype)
    return mlp(model, channels, seed, dtype, coordinates)


@scoped
def unfilled(model: Model, channels: int, seed: int, dtype: torch.dtype = torch.float32) -> nn.Module:
    """The same network for weights that were saved: what they are before that is nobody's business, nor drawn.

    Raises RecipeError as `build` does.
    """
    if model.module:
        return _own(model.module, channels, seed, dtype)
    return _mlp(model, channels, seed, dtype)


def _own(name: str, channels: int, seed: int, dtype: torch.dtype) -> nn.Module:
    custom.check_findable(name)
    trust.check(name)
    module = custom_check.materialized(custom.build(name, channels, seed), seed)
    return custom.placed(module, torch.device("cpu"), dtype)


def shapes(model: Model, channels: int) -> dict[str, tuple[int, ...]]:
    """Of everything in the ``state_dict`` of a recipe's own network, without building it."""
    found = {f"encode.{name}": shape for name, shape in model.encoding.shapes().items()}
    for number, layer in enumerate(layers_of(model, model.encoding.outputs(), channels)):
        found[f"layers.{number}.weight"] = (layer.units, layer.inputs)
        if layer.biases:
            found[f"layers.{number}.bias"] = (layer.units,)
    return found


@scoped
def mlp(
    model: Model,
    channels: int,
    seed: int,
    dtype: torch.dtype = torch.float32,
    coordinates: Coordinates = DEFAULT,
) -> MLP:
    """The recipe's own multilayer perceptron."""
    perceptron = _mlp(model, channels, seed, dtype)
    initialize(perceptron, model.init, seed, coordinates)
    return perceptron


def _mlp(model: Model, channels: int, seed: int, dtype: torch.dtype) -> MLP:
    return MLP(
        encodings.build(model.encoding, rng_for(seed, "encoding")),
        model.encoding.outputs(),
        model.widths,
        channels,
        activations.build(model.activation),
        biases=model.biases,
        sigmoid_output=model.output_activation == "sigmoid",
        connections=model.connections,
    ).to(dtype)
