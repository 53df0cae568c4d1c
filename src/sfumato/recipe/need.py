"""How much memory a recipe takes, before anything is built: an estimate of the peak of each kind of work.

The terms follow what the engines, optimizers and writers allocate; a test measures the peaks of real trainings and
holds the estimates to within a factor of 2 of them. What a process takes for its libraries (about 300 MB) is no part.
"""

from __future__ import annotations

from dataclasses import dataclass

from sfumato.cores import available_cores
from sfumato.recipe import engines
from sfumato.recipe.choices.encodings import COORDINATES
from sfumato.recipe.description import CHANNELS, layers_of
from sfumato.recipe.engine_memory import TILE, TrainingLoad
from sfumato.recipe.engines import EngineSpec
from sfumato.recipe.layers import NetworkSize
from sfumato.recipe.recipe import Recipe

FORWARD_TILE = 1024
"""Samples that PyTorch takes through the network at once to paint."""
CHECKED_PIXELS = 4096
"""A check tries at most so many."""
CHECKED_WHOLE = 1024
"""The same where each step takes all pixels."""


@dataclass(frozen=True)
class Size:
    """Of the picture that is learned."""

    width: int
    height: int
    channels: int | None = None
    """None: those of the recipe, RGB where it says auto."""


def training(recipe: Recipe, size: Size, *, parameters: int | None = None, networks: int = 1, kept: bool = True) -> int:
    """Bytes that training takes at its peak.

    ``parameters``: those of a network of the user's own, of which nothing else is known. ``networks``: so many of this
    recipe are trained at once. ``kept``: what is written to a run folder on the way is counted too.
    """
    net = _Network.of(recipe, size, parameters)
    pixels = size.width * size.height
    trained = max(pixels - round(recipe.data.split * pixels), 1)
    at_work = networks * net.number_bytes * net.size.parameters + _data(net, pixels, trained)
    load, memory = net.load(trained, networks), net.engine.memory
    steps = memory.steps(load) + (memory.checkpoint(load) if kept else 0)
    # What drawing the weights took is free afterwards, but the allocator keeps it: its pieces are too small to go back.
    return at_work + _building(net) + steps + _evaluating(net, pixels)


def checking(recipe: Recipe, size: Size, *, parameters: int | None = None) -> int:
    """Bytes that a health check takes at its peak."""
    net = _Network.of(recipe, size, parameters)
    pixels = size.width * size.height
    tried = min(pixels, CHECKED_WHOLE if recipe.training.batch == "all" else CHECKED_PIXELS)
    measured = min(pixels, CHECKED_PIXELS)
    own = net.number_bytes * net.size.parameters
    # The probe's copy and the engine's, three states of the weights, and one on its way into the probe.
    copies = 6 * own
    signals = measured * (4 * net.number_bytes * net.size.activations + 48 * net.size.widest)
    at_work = own + 4 * net.channels * pixels
    steps = net.engine.memory.steps(net.load(tried, 1))
    return at_work + max(
        _building(net), copies + steps + _data(net, tried, tried) + signals + 32 * net.size.largest_layer
    )


def checking_operations(recipe: Recipe, size: Size) -> int:
    """Floating-point operations that a health check takes before it looks at the clock for the first time, about."""
    net = _Network.of(recipe, size, None)
    pixels = size.width * size.height
    measured, tried = min(pixels, CHECKED_PIXELS), min(pixels, CHECKED_PIXELS)
    layers = net.size.layers
    step = recipe.training.optimizer.step_estimate(layers)
    # Forward and back: twice of the pixels that are measured, and of a first step.
    one_pass = 6 * sum(layer.weights for layer in layers) * (2 * measured + 2 * _batch(recipe, tried))
    building = 10 * net.size.parameters + recipe.model.init.operations(layers)
    return step.passes * one_pass + building + step.operations


def painting(recipe: Recipe, size: Size) -> int:
    """Bytes that painting takes at this size from saved weights, which are read first."""
    net = _Network.of(recipe, size, None)
    own = net.number_bytes * net.size.parameters
    # Bytes of the picture, and the copy that its file is written from.
    return 2 * own + _forward(net) + 2 * net.channels * size.width * size.height


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
        encoded = model.encoding.outputs()
        channels = size.channels or CHANNELS[recipe.picture.channels]
        if model.module is None:
            layers = layers_of(model, encoded, channels)
            sizes = [layer.parameters for layer in layers]
            network = NetworkSize(layers, sum(sizes) + model.encoding.parameters(), max(sizes))
        else:
            encoded, network = COORDINATES, NetworkSize((), parameters or 0, parameters or 0)
        engine = engines.auto(recipe)
        wide = (engine.dtype if recipe.dtype == "auto" else recipe.dtype) == "float64"
        threads = 1 if engine.single_threaded else recipe.threads or available_cores()
        return _Network(recipe, engine, threads, 8 if wide else 4, encoded, channels, network)

    def load(self, trained: int, networks: int) -> TrainingLoad:
        """What the engine is to train on so many pixels."""
        return TrainingLoad(
            self.size,
            self.recipe.training.optimizer,
            self.recipe.model.activation.saved_per_unit,
            self.encoded,
            self.number_bytes,
            self.threads,
            _batch(self.recipe, trained),
            networks,
        )


def _building(net: _Network) -> int:
    """What drawing the weights takes besides them: in float64, layer by layer."""
    return net.recipe.model.init.scratch_bytes * net.size.largest_layer


def _data(net: _Network, pixels: int, trained: int) -> int:
    """The picture, as it is compared and as it is trained on; the coordinates, encoded once where engines do."""
    engine = net.engine.memory
    coordinates = 16 * pixels + engine.coordinate_bytes * trained
    features = 4 * net.encoded * trained if engine.keeps_features else 0
    targets = engine.target_bytes * net.channels * trained
    # float32 and float64, a painting of it and one clipped; the order of an epoch and of the next.
    return (4 + 8 + 8) * net.channels * pixels + targets + coordinates + features + 16 * trained


def _evaluating(net: _Network, pixels: int) -> int:
    """What a compiled engine takes to paint all pixels: the weights as it multiplies by them, all features twice."""
    if not net.engine.compiled or net.number_bytes != 4:
        return 0
    return _forward(net) + (8 * net.encoded * pixels if net.encoded > COORDINATES else 0)


def _forward(net: _Network) -> int:
    """Of painting, besides the model."""
    if net.number_bytes == 4:
        rows = sum(layer.padded_inputs for layer in net.size.layers)
        return 4 * net.size.padded_weights + 4 * net.threads * TILE * (2 * rows + 3 * net.size.widest)
    return net.number_bytes * net.threads * FORWARD_TILE * 4 * net.size.widest


def _batch(recipe: Recipe, trained: int) -> int:
    batch = recipe.training.batch
    return trained if batch == "all" else min(batch, trained)
