"""How much memory a recipe takes, before anything is built: an estimate of the peak of each kind of work.

The terms follow what the engines, optimizers and writers allocate; a test measures the peaks of real trainings and
holds the estimates to within a factor of 2 of them. What a process takes for its libraries (about 300 MB) is no part.
"""

from __future__ import annotations

from dataclasses import dataclass

from sfumato.cores import available_cores
from sfumato.recipe import choices, engines
from sfumato.recipe.description import CHANNELS, Layer, layers_of
from sfumato.recipe.recipe import Recipe

TILE = 128
"""Samples that the compiled engines take through all layers together, on each thread."""
FORWARD_TILE = 1024
"""The same of a painting in PyTorch."""
CHECKED_PIXELS = 4096
"""A check tries at most so many."""
CHECKED_WHOLE = 1024
"""The same where each step takes all pixels."""
SIDE_LIMIT = 2048
"""SOAP and K-FAC leave longer sides of a matrix alone."""
_LANES = 16


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
    trained = max(pixels - round(recipe.training.held_out * pixels), 1)
    at_work = networks * net.number_bytes * net.parameters + _data(net, pixels, trained)
    steps = _steps(net, trained, networks) + (_writing(net) if kept else 0)
    # What drawing the weights took is free afterwards, but the allocator keeps it: its pieces are too small to go back.
    return at_work + _building(net) + steps + _evaluating(net, pixels)


def checking(recipe: Recipe, size: Size, *, parameters: int | None = None) -> int:
    """Bytes that a health check takes at its peak."""
    net = _Network.of(recipe, size, parameters)
    pixels = size.width * size.height
    tried = min(pixels, CHECKED_WHOLE if recipe.training.batch == "all" else CHECKED_PIXELS)
    measured = min(pixels, CHECKED_PIXELS)
    own, largest = net.number_bytes * net.parameters, net.largest
    # The gauge's copy and the engine's, three states of the weights, and one on its way into the gauge.
    copies = 6 * own
    signals = measured * (4 * net.number_bytes * net.activations + 48 * net.widest)
    at_work = own + 4 * net.channels * pixels
    return at_work + max(
        _building(net), copies + _steps(net, tried, 1) + _data(net, tried, tried) + signals + 32 * largest
    )


def checking_operations(recipe: Recipe, size: Size) -> int:
    """Floating-point operations that a health check takes before it looks at the clock for the first time, about."""
    net = _Network.of(recipe, size, None)
    pixels = size.width * size.height
    measured, tried = min(pixels, CHECKED_PIXELS), min(pixels, CHECKED_PIXELS)
    products = [layer.inputs * layer.units for layer in net.layers]
    # Forward and back: twice of the pixels that are measured, and of a first step.
    through = 6 * sum(products) * (2 * measured + 2 * _batch(net, tried))
    building = 10 * net.parameters
    if isinstance(recipe.model.init, choices.Edges):
        # Each hidden unit's place goes through all layers below.
        building += sum(2 * layer.units * sum(products[:number]) for number, layer in enumerate(net.layers[:-1]))
    if isinstance(recipe.model.init, choices.Orthogonal):
        building += sum(8 * max(each.inputs, each.units) * min(each.inputs, each.units) ** 2 for each in net.layers)
    optimizer, inverses = recipe.training.optimizer, 0
    if isinstance(optimizer, choices.Foof):
        inverses = sum(8 * (layer.inputs + 1) ** 3 for layer in net.inner)
    elif isinstance(optimizer, choices.KFAC | choices.SOAP):
        sides = [side for each in net.layers for side in (each.inputs, each.units) if side <= SIDE_LIMIT]
        inverses = sum(20 * side**3 for side in sides)
    elif isinstance(optimizer, choices.Muon):
        inverses = sum(30 * max(each.inputs, each.units) * min(each.inputs, each.units) ** 2 for each in net.inner)
    elif isinstance(optimizer, choices.LBFGS):
        through *= optimizer.iterations
    return through + building + inverses


def painting(recipe: Recipe, size: Size) -> int:
    """Bytes that painting takes at this size from saved weights, which are read first."""
    net = _Network.of(recipe, size, None)
    own = net.number_bytes * net.parameters
    # Bytes of the picture, and the copy that its file is written from.
    return 2 * own + _forward(net) + 2 * net.channels * size.width * size.height


@dataclass(frozen=True)
class _Network:
    recipe: Recipe
    engine: str
    threads: int
    number_bytes: int
    encoded: int
    channels: int
    parameters: int
    largest: int
    """Parameters of the largest layer."""
    layers: tuple[Layer, ...]

    @staticmethod
    def of(recipe: Recipe, size: Size, parameters: int | None) -> _Network:
        model = recipe.model
        encoded = model.encoding.outputs()
        channels = size.channels or CHANNELS[recipe.picture.channels]
        own = model.module is not None
        layers = () if own else layers_of(model, encoded, channels)
        sizes = [layer.parameters for layer in layers]
        spec = engines.auto(recipe)
        wide = (spec.dtype if recipe.dtype == "auto" else recipe.dtype) == "float64"
        threads = recipe.threads or available_cores()
        return _Network(
            recipe=recipe,
            engine=spec.name,
            threads=1 if spec.single_threaded else threads,
            number_bytes=8 if wide else 4,
            encoded=2 if own else encoded,
            channels=channels,
            parameters=(parameters or 0) if own else sum(sizes) + model.encoding.parameters(),
            largest=(parameters or 0) if own else max(sizes),
            layers=layers,
        )

    @property
    def activations(self) -> int:
        """Outputs of hidden units of one sample."""
        return sum(layer.units for layer in self.layers[:-1])

    @property
    def widest(self) -> int:
        """The most numbers that go into or come out of a layer."""
        return max((max(layer.inputs, layer.units) for layer in self.layers), default=0)

    @property
    def cells(self) -> int:
        """Numbers of a block that has a place for each weight, as compiled engines fill it up."""
        return sum(_up(layer.inputs + 1) * _up(layer.units) for layer in self.layers)

    @property
    def inner(self) -> tuple[Layer, ...]:
        """The layers that are neither first nor last."""
        return self.layers[1:-1]


def _building(net: _Network) -> int:
    """What drawing the weights takes besides them: in float64, layer by layer."""
    heavy = isinstance(net.recipe.model.init, choices.Edges | choices.Orthogonal)
    return (36 if heavy else 20) * net.largest


def _data(net: _Network, pixels: int, trained: int) -> int:
    """The picture, as it is compared and as it is trained on; the coordinates, encoded once where engines do."""
    number = 8 if net.engine == "replica" else 4
    coordinates = 16 * pixels + (32 * trained if net.engine == "autograd" else 16 * trained)
    features = 0 if net.engine in ("autograd", "replica") else 4 * net.encoded * trained
    # float32 and float64, a painting of it and one clipped; the order of an epoch and of the next.
    return (4 + 8 + 8) * net.channels * pixels + number * net.channels * trained + coordinates + features + 16 * trained


def _evaluating(net: _Network, pixels: int) -> int:
    """What a compiled engine takes to paint all pixels: the weights as it multiplies by them, all features twice."""
    if net.engine not in ("fused", "stacked", "online") or net.number_bytes != 4:
        return 0
    return _forward(net) + (8 * net.encoded * pixels if net.encoded > 2 else 0)


def _steps(net: _Network, trained: int, networks: int) -> int:
    """What an engine holds while it trains, besides the model and the data."""
    match net.engine:
        case "fused" | "stacked":
            return _fused(net, trained, networks)
        case "online":
            return networks * 8 * net.parameters + 4 * net.largest
        case "replica":
            return networks * 24 * net.parameters
        case _:
            return networks * _autograd(net, trained)


def _fused(net: _Network, trained: int, networks: int) -> int:
    batch = _batch(net, trained)
    threads = max(1, min(net.threads, batch // 16))
    rows = [_up(layer.inputs + 1) for layer in net.layers]
    blocks, team, pause = _fused_state(net) + 2 * net.cells, 0, 0
    optimizer = net.recipe.training.optimizer
    if isinstance(optimizer, choices.Foof) and net.inner:
        squares = [_up(layer.inputs + 1) ** 2 for layer in net.inner]
        blocks += net.cells
        # Inverted in float64, several layers at once.
        pause = 8 * (4 * min(threads, len(squares)) * max(squares) + sum(squares))
    if isinstance(optimizer, choices.Muon) and net.inner:
        sides = [(_up(max(each.inputs, each.units)), _up(min(each.inputs, each.units))) for each in net.inner]
        team = max(2 * (tall + short) * short for tall, short in sides)
    signals = TILE * (2 * sum(rows) + 3 * max(_up(net.widest + 1), max(rows)))
    together = max(networks, 1)
    return 4 * together * blocks + pause + 4 * threads * (net.cells + signals + team)


def _fused_state(net: _Network) -> int:
    """Numbers that a compiled optimizer remembers."""
    match net.recipe.training.optimizer:
        case choices.SGD() as sgd:
            return net.cells if sgd.momentum > 0 else 0
        case choices.RMSprop() as rmsprop:
            return net.cells * (2 if rmsprop.momentum > 0 else 1)
        case choices.Foof():
            return 2 * net.cells + 2 * sum(_up(layer.inputs + 1) ** 2 for layer in net.inner)
        case _:
            return 2 * net.cells


def _autograd(net: _Network, trained: int) -> int:
    batch, number = _batch(net, trained), net.number_bytes
    divided = net.layers and not net.recipe.training.optimizer.hooks_layers
    pieces = max(1, min(net.threads, batch // 32)) if divided else 1
    # Gradients: of every piece, of the step before, and their sum where there are several.
    gradients = pieces + 1 + (1 if pieces > 1 else 0)
    relu = isinstance(net.recipe.model.activation, choices.ReLU | choices.LeakyReLU)
    signals = batch * ((2 if relu else 3) * net.activations + 3 * net.widest + 3 * net.encoded)
    return number * (gradients * net.parameters + signals) + _autograd_state(net)


def _autograd_state(net: _Network) -> int:
    """Bytes that an optimizer of PyTorch's kind remembers, and takes for a step."""
    number, own, largest = net.number_bytes, net.parameters, net.largest
    optimizer = net.recipe.training.optimizer
    match optimizer:
        case choices.SGD():
            return number * (2 if optimizer.momentum > 0 else 1) * own
        case choices.LBFGS():
            return number * (2 * optimizer.history + 8) * own
        case choices.Foof():
            squares = [(layer.inputs + 1) ** 2 for layer in net.inner]
            return number * (2 * own + 2 * sum(squares) + 3 * largest) + 8 * 4 * max(squares, default=0)
        case choices.KFAC():
            sides = [
                (each.inputs + 1, each.units) for each in net.layers if max(each.inputs + 1, each.units) <= SIDE_LIMIT
            ]
            squares = [one**2 + other**2 for one, other in sides]
            return number * (2 * own + 2 * sum(squares) + 4 * largest) + 8 * 4 * max(squares, default=0)
        case choices.SOAP():
            sides = [side for each in net.layers for side in (each.inputs, each.units) if side <= SIDE_LIMIT]
            squares = [side**2 for side in sides]
            return number * (2 * own + 2 * sum(squares) + 6 * largest) + 8 * 4 * max(squares, default=0)
        case choices.Muon():
            return number * (2 * own + 6 * largest)
        case _:
            # Moments and what a step makes on its way, of all parameters at once.
            return number * 4 * own


def _writing(net: _Network) -> int:
    """Copies on their way into a checkpoint: the state, its bytes, and the file's."""
    own = net.number_bytes * net.parameters
    if net.engine in ("fused", "stacked"):
        return 3 * 4 * (net.cells + _fused_state(net))
    if net.engine in ("online", "replica"):
        return 3 * own
    return 3 * (own + _autograd_state(net))


def _forward(net: _Network) -> int:
    """Of painting, besides the model."""
    if net.number_bytes == 4:
        return 4 * net.cells + 4 * net.threads * TILE * (
            2 * sum(_up(layer.inputs + 1) for layer in net.layers) + 3 * net.widest
        )
    return net.number_bytes * net.threads * FORWARD_TILE * 4 * net.widest


def _batch(net: _Network, trained: int) -> int:
    batch = net.recipe.training.batch
    return trained if batch == "all" else min(batch, trained)


def _up(count: int) -> int:
    return -(-count // _LANES) * _LANES
