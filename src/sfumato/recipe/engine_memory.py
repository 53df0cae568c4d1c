"""Memory that each engine allocates for training, besides the model and the pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sfumato.recipe.choices import Normalization, Optimizer
from sfumato.recipe.choices.normalizations import NO_NORMALIZATION
from sfumato.recipe.layers import CompiledMemory, NetworkSize, round_up

TILE = 128
"""Samples per tile: compiled engines take a tile through all layers at once, on each thread."""


@dataclass(frozen=True)
class TrainingLoad:
    """A training whose memory is estimated."""

    network: NetworkSize
    optimizer: Optimizer
    saved_per_sample: int
    """Numbers per sample that automatic differentiation stores for the hidden layers."""
    encoded: int
    number_bytes: int
    threads: int
    batch: int
    networks: int
    """Number of networks trained concurrently."""
    encoding_optimizer: Optimizer | None = None
    """The optimizer of a trained encoding's parameters; None for that of the layers."""
    normalization: Normalization = NO_NORMALIZATION


Bytes = Callable[[TrainingLoad], int]


@dataclass(frozen=True)
class EngineMemory:
    """Memory that an engine allocates."""

    steps: Bytes
    """Bytes for training steps."""
    checkpoint: Bytes
    """Bytes for copies made by a checkpoint: the state, its serialized bytes, and the file's."""
    target_bytes: int = 4
    """Bytes per pixel and channel."""
    coordinate_bytes: int = 16
    """Bytes per training pixel."""
    caches_features: bool = True
    """Whether the engine encodes the coordinates of all pixels before the first step."""


def _tiled_steps(load: TrainingLoad) -> int:
    network, threads = load.network, max(1, min(load.threads, load.batch // 16))
    optimizer = _compiled(load, threads)
    # Weights and gradients each have a block, and so have normalized weights.
    weights = 1 + int(load.normalization.copies_weights)
    blocks = optimizer.state + (1 + weights) * network.padded_weights + optimizer.updates
    # A trained encoding has further blocks: parameters, their state, and gradients on each thread.
    blocks += (1 + _encoding_state(load) + threads) * _trained_encoding(network)
    rows = [layer.padded_inputs for layer in network.layers]
    grads = sum(round_up(layer.units + 1) for layer in network.layers[:-1])
    grads += load.normalization.saved_per_unit * grads
    signals = TILE * (sum(rows) + grads + 3 * max(round_up(network.widest + 1), max(rows, default=0)))
    thread_bytes = 4 * threads * (network.padded_weights + signals + optimizer.per_thread)
    return 4 * max(load.networks, 1) * blocks + 8 * optimizer.refresh_float64 + thread_bytes


def _tiled_checkpoint(load: TrainingLoad) -> int:
    network = load.network
    encoding = (1 + _encoding_state(load)) * _trained_encoding(network)
    return 3 * 4 * (network.padded_weights + _compiled(load, load.threads).state + encoding)


def _trained_encoding(network: NetworkSize) -> int:
    """Return the number of trained parameters of the encoding: those that belong to no layer."""
    return network.parameters - sum(layer.parameters for layer in network.layers) if network.layers else 0


def _encoding_state(load: TrainingLoad) -> int:
    """Return the numbers of state per parameter of a trained encoding, at most 3."""
    return 2 if load.encoding_optimizer is None else 3


def _optimizer_bytes(load: TrainingLoad) -> int:
    """Return the memory of the optimizers with automatic differentiation."""
    network, own = load.network, load.encoding_optimizer
    if own is None:
        return load.optimizer.memory(network).in_bytes(load.number_bytes)
    encoding = _trained_encoding(network)
    layers = replace(network, parameters=network.parameters - encoding)
    optimizers = ((load.optimizer, layers), (own, NetworkSize((), encoding, encoding)))
    return sum(each.memory(size).in_bytes(load.number_bytes) for each, size in optimizers)


def _compiled(load: TrainingLoad, threads: int) -> CompiledMemory:
    found = load.optimizer.compiled_memory(load.network, threads)
    # An optimizer without a compiled form is rejected before training, but can be described: with two moments.
    return CompiledMemory(state=2 * load.network.padded_weights) if found is None else found


def _autograd_steps(load: TrainingLoad) -> int:
    network, batch = load.network, load.batch
    divided = network.layers and not load.optimizer.hooks_layers
    pieces = max(1, min(load.threads, batch // 32)) if divided else 1
    # Gradients of every piece, of the previous step, and their sum where there are several pieces.
    gradients = pieces + 1 + (1 if pieces > 1 else 0)
    signals = batch * (load.saved_per_sample + 3 * network.widest + 3 * load.encoded)
    return load.networks * (load.number_bytes * (gradients * network.parameters + signals) + _optimizer_bytes(load))


def _autograd_checkpoint(load: TrainingLoad) -> int:
    weights = load.number_bytes * load.network.parameters
    return 3 * (weights + _optimizer_bytes(load))


def _weights_checkpoint(load: TrainingLoad) -> int:
    return 3 * load.number_bytes * load.network.parameters


TILED = EngineMemory(_tiled_steps, _tiled_checkpoint)
AUTOGRAD = EngineMemory(_autograd_steps, _autograd_checkpoint, coordinate_bytes=32, caches_features=False)
ONLINE = EngineMemory(
    lambda load: load.networks * 8 * load.network.parameters + 4 * load.network.largest_layer, _weights_checkpoint
)
REPLICA = EngineMemory(
    lambda load: load.networks * 24 * load.network.parameters,
    _weights_checkpoint,
    target_bytes=8,
    caches_features=False,
)
