"""Construction of initialized modules from recipes."""

from __future__ import annotations

import torch
from torch import nn

from sfumato import trust
from sfumato.models import activations, custom, encodings, normalizations
from sfumato.models.complex_mlp import ComplexMLP
from sfumato.models.coordinates import ranges
from sfumato.models.filter_network import FilterNetwork
from sfumato.models.initializations import initialize
from sfumato.models.kan import KAN
from sfumato.models.mlp import MLP
from sfumato.models.network import LayeredNetwork
from sfumato.process_state import scoped
from sfumato.recipe import Coordinates, Model, choices
from sfumato.recipe.choices.encodings import COORDINATES
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
    """Build the network for pictures of ``channels`` channels on the CPU, its weights drawn from ``seed``.

    Some initializations and encodings depend on the ``coordinates`` of the training. Raises RecipeError when a custom
    network cannot be built, or its import has not been allowed.
    """
    if model.module:
        return _build_custom(model.module, channels, seed, dtype)
    return network(model, channels, seed, dtype, coordinates)


@scoped
def build_uninitialized(
    model: Model,
    channels: int,
    seed: int,
    dtype: torch.dtype = torch.float32,
    coordinates: Coordinates = DEFAULT,
) -> nn.Module:
    """Build the same network without initializing it, so that saved weights can be loaded.

    Raises RecipeError as `build` does.
    """
    if model.module:
        return _build_custom(model.module, channels, seed, dtype)
    return _network(model, channels, seed, dtype, coordinates)


def _build_custom(name: str, channels: int, seed: int, dtype: torch.dtype) -> nn.Module:
    custom.check_findable(name)
    trust.check(name)
    module = custom.materialized(custom.build(name, channels, seed), seed)
    return custom.to_device(module, torch.device("cpu"), dtype)


def check_imports(model: Model) -> None:
    """Raise RecipeError, with a remedy, unless what the network imports can be found and may be imported."""
    if model.module is not None:
        custom.check_findable(model.module)
        trust.check(model.module)
    else:
        for name in model.imports:
            trust.check(name, "model.activation")


def shapes(model: Model, channels: int) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the arrays in the ``state_dict`` of a recipe's network by their names.

    Of a multilayer perceptron they are computed without building it; other networks are built without memory.
    """
    if isinstance(model.connectivity, choices.FilterConnectivity):
        with torch.device("meta"):
            found = _network(model, channels, 0, torch.float32, DEFAULT)
        return {name: tuple(tensor.shape) for name, tensor in found.state_dict().items()}
    found = {f"encode.{name}": shape for name, shape in model.encoding.shapes(COORDINATES).items()}
    for number, layer in enumerate(layers_of(model, model.encoding.outputs(COORDINATES), channels)):
        found[f"layers.{number}.weight"] = (layer.units, layer.inputs)
        if layer.biases:
            found[f"layers.{number}.bias"] = (layer.units,)
        found |= normalizations.shapes(model.normalization, number, layer.units, last=number == model.depth)
    return found


@scoped
def network(
    model: Model,
    channels: int,
    seed: int,
    dtype: torch.dtype = torch.float32,
    coordinates: Coordinates = DEFAULT,
    inputs: int = COORDINATES,
) -> LayeredNetwork:
    """Build and initialize the recipe's network, which is not a custom one: (N, ``inputs``) -> (N, ``channels``)."""
    built = _network(model, channels, seed, dtype, coordinates, inputs)
    match built, model.connectivity:
        case MLP() | ComplexMLP(), _:
            initialize(built, model.init, seed, coordinates)
        case FilterNetwork(), choices.FilterConnectivity() as connectivity:
            built.initialize(connectivity, seed, _ends(coordinates))
        case KAN(), choices.BasisConnectivity() as connectivity:
            built.initialize(connectivity, seed)
        case _:
            raise AssertionError(f"a network of {model.connectivity} must have an initialization")
    return built


@scoped
def mlp(
    model: Model,
    channels: int,
    seed: int,
    dtype: torch.dtype = torch.float32,
    coordinates: Coordinates = DEFAULT,
    inputs: int = COORDINATES,
) -> MLP:
    """Build and initialize the recipe's multilayer perceptron: (N, ``inputs``) -> (N, ``channels``)."""
    built = network(model, channels, seed, dtype, coordinates, inputs)
    assert isinstance(built, MLP)
    return built


def _network(
    model: Model, channels: int, seed: int, dtype: torch.dtype, coordinates: Coordinates, inputs: int = COORDINATES
) -> LayeredNetwork:
    encode = encodings.build(model.encoding, inputs, rng_for(seed, "encoding"), _ends(coordinates))
    sizes = model.encoding.outputs(inputs), model.widths, channels
    sigmoid_output = model.output_activation == "sigmoid"
    match model.connectivity:
        case choices.FilterConnectivity() as connectivity:
            return FilterNetwork(encode, *sizes, connectivity, sigmoid_output=sigmoid_output).to(dtype)
        case choices.BasisConnectivity() as connectivity:
            return KAN(encode, *sizes, connectivity, sigmoid_output=sigmoid_output).to(dtype)
        case _:
            units = [activations.build(each) for each in model.activations]
    common = {"biases": model.biases, "sigmoid_output": sigmoid_output, "connections": model.connections}
    if model.is_complex:
        return ComplexMLP(encode, *sizes, units, **common).to(dtype)
    return MLP(encode, *sizes, units, normalization=model.normalization, **common).to(dtype)


def _ends(coordinates: Coordinates) -> tuple[float, float]:
    """Return one range for all inputs, so that the cells of grids stay square where the aspect is kept."""
    (low, rows_end), (_, columns_end) = ranges(coordinates)
    return low, max(rows_end, columns_end)
