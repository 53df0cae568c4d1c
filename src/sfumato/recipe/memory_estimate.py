"""Estimates of the peak memory of training, checking and painting a recipe, before anything is built.

The terms follow the allocations of engines, optimizers and writers; a test measures the peaks of real trainings and
requires the estimates to be within a factor of 2 of them. The memory of the libraries (about 300 MB) is not included.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from sfumato.cores import available_cores
from sfumato.recipe import engines
from sfumato.recipe.choices import Activation, BasisConnectivity, FilterConnectivity
from sfumato.recipe.choices.encodings import COORDINATES
from sfumato.recipe.description import CHANNELS, layers_of
from sfumato.recipe.engine_memory import TILE, TrainingLoad
from sfumato.recipe.engines import EngineSpec
from sfumato.recipe.layers import NetworkSize
from sfumato.recipe.model import Model
from sfumato.recipe.recipe import Recipe

FORWARD_TILE = 1024
"""Samples per forward pass of PyTorch when a painting is made."""
CHECKED_PIXELS = 4096
"""Largest number of pixels that a health check trains on."""
CHECKED_WHOLE = 1024
"""Largest number of pixels that a health check trains on with a full batch."""


@dataclass(frozen=True)
class Size:
    """Size of the picture that is learned."""

    width: int
    height: int
    channels: int | None = None
    """Number of channels; None for those of the recipe, RGB where it says auto."""


def training(
    recipe: Recipe, size: Size, *, parameters: int | None = None, networks: int = 1, writes_run: bool = True
) -> int:
    """Return the peak memory of training in bytes.

    ``parameters`` is the number of parameters of a custom network, of which nothing else is known. ``networks`` is the
    number of networks of this recipe trained concurrently. ``writes_run`` includes the memory for writing a run folder.
    """
    net = _Network.of(recipe, size, parameters)
    pixels = size.width * size.height
    trained = max(recipe.data.split.samples(size.height, size.width), 1)
    resident = networks * net.number_bytes * net.size.parameters + _data(net, pixels, trained)
    load, memory = net.load(trained, networks), net.engine.memory
    steps = memory.steps(load) + (memory.checkpoint(load) if writes_run else 0)
    if recipe.training.averaging.averages:
        # The average, the weights and their difference; during an evaluation, a copy of the state.
        steps += networks * 3 * net.number_bytes * net.size.parameters + memory.checkpoint(load) // 3
    # The memory for drawing the weights is freed, but stays with the allocator: its pieces are too small to return.
    return resident + _building(net) + steps + _evaluating(net, pixels)


def checking(recipe: Recipe, size: Size, *, parameters: int | None = None) -> int:
    """Return the peak memory of a health check in bytes; ``parameters`` as in `training`."""
    net = _Network.of(recipe, size, parameters)
    pixels = size.width * size.height
    trained = min(pixels, CHECKED_WHOLE if recipe.training.batch == "all" else CHECKED_PIXELS)
    measured = min(pixels, CHECKED_PIXELS)
    weights = net.number_bytes * net.size.parameters
    # The copies of the probe and of the engine, three states of the weights, and one being copied into the probe.
    copies = 6 * weights
    signals = measured * (4 * net.number_bytes * net.size.activations + 48 * net.size.widest)
    resident = weights + 4 * net.channels * pixels
    steps = net.engine.memory.steps(net.load(trained, 1))
    return resident + max(
        _building(net), copies + steps + _data(net, trained, trained) + signals + 32 * net.size.largest_layer
    )


def checking_operations(recipe: Recipe, size: Size) -> int:
    """Return the approximate number of floating-point operations of a health check before its first time check."""
    net = _Network.of(recipe, size, None)
    pixels = size.width * size.height
    measured = trained = min(pixels, CHECKED_PIXELS)
    layers = net.size.layers
    step = recipe.training.optimizer.step_estimate(layers)
    # Forward and backward: twice for the measured pixels, and twice for a first step.
    one_pass = 6 * sum(layer.weights for layer in layers) * (2 * measured + 2 * _batch(recipe, trained))
    building = 10 * net.size.parameters + recipe.model.init.operations(layers)
    return step.passes * one_pass + building + step.operations


def painting(recipe: Recipe, size: Size) -> int:
    """Return the peak memory, in bytes, of reading saved weights and painting at this size."""
    net = _Network.of(recipe, size, None)
    weights = net.number_bytes * net.size.parameters
    # The painting as bytes, and the copy from which its file is written.
    return 2 * weights + _forward(net) + 2 * net.channels * size.width * size.height


@dataclass(frozen=True)
class _Network:
    recipe: Recipe
    engine: EngineSpec
    threads: int
    number_bytes: int
    encoded: int
    channels: int
    size: NetworkSize

    @staticmethod
    def of(recipe: Recipe, size: Size, parameters: int | None) -> _Network:
        model = recipe.model
        encoded = model.encoding.outputs(COORDINATES)
        channels = size.channels or CHANNELS[recipe.picture.channels]
        if model.module is None:
            layers = layers_of(model, encoded, channels)
            sizes = [layer.parameters for layer in layers]
            network = NetworkSize(layers, sum(sizes) + model.encoding.parameters(COORDINATES), max(sizes))
        else:
            encoded, network = COORDINATES, NetworkSize((), parameters or 0, parameters or 0)
        engine = engines.auto(recipe)
        number_bytes = 8 if (engine.dtype if recipe.dtype == "auto" else recipe.dtype) == "float64" else 4
        threads = 1 if engine.single_threaded else recipe.threads or available_cores()
        return _Network(recipe, engine, threads, number_bytes, encoded, channels, network)

    def load(self, trained: int, networks: int) -> TrainingLoad:
        """Return the training of ``networks`` networks on ``trained`` pixels."""
        normalization = self.recipe.model.normalization
        return TrainingLoad(
            self.size,
            self.recipe.training.optimizer,
            sum(
                layer.units * (_saved_per_unit(self.recipe.model, activation) + normalization.saved_per_unit)
                for layer, activation in zip(self.size.layers[:-1], self.recipe.model.activations, strict=False)
            )
            # Inputs that are concatenated are copied.
            + sum(layer.inputs for below, layer in pairwise(self.size.layers) if layer.inputs > below.units),
            self.encoded,
            self.number_bytes,
            self.threads,
            _batch(self.recipe, trained),
            networks,
            self.recipe.model.encoding.optimizer(),
            normalization,
        )


def _saved_per_unit(model: Model, activation: Activation) -> int:
    """Return the numbers per unit and sample that automatic differentiation stores for a hidden layer."""
    connectivity = model.connectivity
    own = isinstance(connectivity, FilterConnectivity | BasisConnectivity)
    return connectivity.saved_per_unit if own else activation.saved_per_unit


def _building(net: _Network) -> int:
    """Return the bytes for drawing the weights, besides the weights: in float64, layer by layer."""
    return net.recipe.model.init.scratch_bytes * net.size.largest_layer


def _data(net: _Network, pixels: int, trained: int) -> int:
    """Return the bytes of the picture, the targets, the coordinates, and the features where engines cache them."""
    engine = net.engine.memory
    coordinates = 16 * pixels + engine.coordinate_bytes * trained
    features = 4 * net.encoded * trained if engine.caches_features else 0
    targets = engine.target_bytes * net.channels * trained
    # The picture in float32 and float64, a painting and a clipped one; the sample order of this epoch and the next.
    return (4 + 8 + 8) * net.channels * pixels + targets + coordinates + features + 16 * trained


def _evaluating(net: _Network, pixels: int) -> int:
    """Return the bytes for painting all pixels in a compiled engine: weights in its layout, all features twice."""
    if not net.engine.compiled or net.number_bytes != 4:
        return 0
    return _forward(net) + (8 * net.encoded * pixels if net.encoded > COORDINATES else 0)


def _forward(net: _Network) -> int:
    """Return the bytes for painting, besides the model."""
    if net.number_bytes == 4:
        rows = sum(layer.padded_inputs for layer in net.size.layers)
        return 4 * net.size.padded_weights + 4 * net.threads * TILE * (2 * rows + 3 * net.size.widest)
    return net.number_bytes * net.threads * FORWARD_TILE * 4 * net.size.widest


def _batch(recipe: Recipe, trained: int) -> int:
    batch = recipe.training.batch
    return trained if batch == "all" else min(batch, trained)
