"""What each engine takes of memory while it trains, besides the model and the pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sfumato.recipe.choices import Optimizer
from sfumato.recipe.layers import CompiledMemory, NetworkSize, round_up

TILE = 128
"""Samples that the compiled engines take through all layers together, on each thread."""


@dataclass(frozen=True)
class TrainingLoad:
    """What an engine is to train."""

    network: NetworkSize
    optimizer: Optimizer
    saved_per_unit: int
    """Of the activation."""
    encoded: int
    number_bytes: int
    threads: int
    batch: int
    networks: int
    """So many at once."""


Bytes = Callable[[TrainingLoad], int]


@dataclass(frozen=True)
class EngineMemory:
    """What an engine allocates."""

    steps: Bytes
    """While it trains."""
    checkpoint: Bytes
    """For copies on their way into a checkpoint: the state, its bytes, and the file's."""
    target_bytes: int = 4
    """Per pixel and channel."""
    coordinate_bytes: int = 16
    """Per training pixel."""
    keeps_features: bool = True
    """Whether it encodes the coordinates of all pixels before the first step."""


def _tiled_steps(load: TrainingLoad) -> int:
    network, threads = load.network, max(1, min(load.threads, load.batch // 16))
    optimizer = _compiled(load, threads)
    # Weights and gradients have a block each.
    blocks = optimizer.state + 2 * network.padded_weights + optimizer.updates
    # A trained encoding has blocks of its own: parameters, two moments, and their gradients on each thread.
    blocks += (3 + threads) * _trained_encoding(network)
    rows = [layer.padded_inputs for layer in network.layers]
    signals = TILE * (2 * sum(rows) + 3 * max(round_up(network.widest + 1), max(rows, default=0)))
    of_threads = 4 * threads * (network.padded_weights + signals + optimizer.per_thread)
    return 4 * max(load.networks, 1) * blocks + 8 * optimizer.refresh_float64 + of_threads


def _tiled_checkpoint(load: TrainingLoad) -> int:
    network = load.network
    return 3 * 4 * (network.padded_weights + _compiled(load, load.threads).state + 3 * _trained_encoding(network))


def _trained_encoding(network: NetworkSize) -> int:
    """Return how many parameters an encoding trains: those that no layer has."""
    return network.parameters - sum(layer.parameters for layer in network.layers) if network.layers else 0


def _compiled(load: TrainingLoad, threads: int) -> CompiledMemory:
    found = load.optimizer.compiled_memory(load.network, threads)
    # One without a compiled form is refused before it trains, but may be described: as one with two moments.
    return CompiledMemory(state=2 * load.network.padded_weights) if found is None else found


def _autograd_steps(load: TrainingLoad) -> int:
    network, batch = load.network, load.batch
    divided = network.layers and not load.optimizer.hooks_layers
    pieces = max(1, min(load.threads, batch // 32)) if divided else 1
    # Gradients: of every piece, of the step before, and their sum where there are several.
    gradients = pieces + 1 + (1 if pieces > 1 else 0)
    signals = batch * (load.saved_per_unit * network.activations + 3 * network.widest + 3 * load.encoded)
    state = load.optimizer.memory(network).in_bytes(load.number_bytes)
    return load.networks * (load.number_bytes * (gradients * network.parameters + signals) + state)


def _autograd_checkpoint(load: TrainingLoad) -> int:
    own = load.number_bytes * load.network.parameters
    return 3 * (own + load.optimizer.memory(load.network).in_bytes(load.number_bytes))


def _weights_alone(load: TrainingLoad) -> int:
    return 3 * load.number_bytes * load.network.parameters


TILED = EngineMemory(_tiled_steps, _tiled_checkpoint)
AUTOGRAD = EngineMemory(_autograd_steps, _autograd_checkpoint, coordinate_bytes=32, keeps_features=False)
ONLINE = EngineMemory(
    lambda load: load.networks * 8 * load.network.parameters + 4 * load.network.largest_layer, _weights_alone
)
REPLICA = EngineMemory(
    lambda load: load.networks * 24 * load.network.parameters, _weights_alone, target_bytes=8, keeps_features=False
)
