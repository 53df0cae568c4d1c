"""The outputs of a network for many coordinates, computed by compiled code where possible: for paintings."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from sfumato import models
from sfumato.models.activations import Activate
from sfumato.models.filter_network import FilterNetwork
from sfumato.models.mlp import MLP
from sfumato.models.network import LayeredNetwork
from sfumato.models.normalizations import weights_of
from sfumato.parallel import parallel_map
from sfumato.process_state import scoped
from sfumato.recipe.choices.normalizations import NO_NORMALIZATION
from sfumato.training.engines.requirements import compiler_is_off

PIECES_PER_THREAD = 4
"""Pieces per thread, so that the other threads take over from one that is held up."""

MIN_TILES = 2
"""Fewest tiles in a piece: a smaller one costs more to hand to a thread than it saves."""


@scoped
def outputs(model: nn.Module, coordinates: NDArray[np.float64], threads: int = 1) -> NDArray[np.floating]:
    """Return the unclipped outputs, (M, D) -> (M, C): those of `models.outputs`, within rounding to float32.

    A multilayer perceptron in float32 on the CPU is computed by compiled code, any other module by its own forward
    pass. The outputs do not depend on the number of threads.
    """
    if not isinstance(model, LayeredNetwork) or compiler_is_off() or not _is_compiled(model):
        return models.outputs(model, coordinates, threads)
    if model.dtype != torch.float32 or next(model.parameters()).device.type != "cpu":
        return models.outputs(model, coordinates, threads)
    return _compiled(model, coordinates, threads)


def _is_compiled(model: LayeredNetwork) -> bool:
    # Not a subclass, whose forward may differ, nor an activation that cannot be compiled.
    if type(model) is FilterNetwork:
        return model.compiled_filters() is not None
    return type(model) is MLP and all(isinstance(each, Activate) and each.choice.compiled for each in model.activations)


def _compiled(model: LayeredNetwork, coordinates: NDArray[np.float64], threads: int) -> NDArray[np.float32]:
    # Imported only now: other modules need no Numba.
    from sfumato.training.engines.compiled_engine import announced, encoded, flushed
    from sfumato.training.engines.fused import kernel
    from sfumato.training.engines.fused.forward_backward import Network
    from sfumato.training.engines.fused.layout import TILE
    from sfumato.training.engines.fused.network_layout import activations_of, layout_of, named_parameters
    from sfumato.training.kernels.memory import zeros

    linear = model.linear_layers()
    # Normalized weights are fixed here; the normalization of units is not.
    own = model.normalization if isinstance(model, MLP) else NO_NORMALIZATION
    normalization = NO_NORMALIZATION if own.copies_weights else own
    layout = layout_of(model, activations_of(model) or (), normalization=normalization)
    weights = layout.block()
    with torch.inference_mode():
        state = model.state_dict()
        for name, view in named_parameters(model, layout, weights).items():
            view[:] = state[name].numpy()
        for number, layer in enumerate(linear if own.copies_weights else ()):
            layout.weight(weights, number)[:] = weights_of(layer).numpy()
    out = np.empty((len(coordinates), linear[-1].out_features), np.float32)
    memories: list[NDArray[np.float32]] = []

    def compute(piece: tuple[int, int]) -> None:
        try:
            memory = memories.pop()
        except IndexError:
            memory = zeros(layout.memory)
            layout.fill_ones(memory)
        address = memory.ctypes.data
        network = np.array(
            Network(
                table=layout.table.ctypes.data,
                layers=len(layout.table),
                trained=weights.ctypes.data,
                weights=weights.ctypes.data,
                weights_t=0,
                memory=address,
                scratch=address + 4 * layout.scratch,
                widest=layout.widest,
                biases=int(layout.biases),
                # `encoded` evaluates the encoding: nothing is trained here.
                encoder=0,
                coordinates=0,
                input_grads=0,
            )
        )
        begin, end = piece
        with flushed():
            inputs = encoded(model, coordinates[begin:end])
            kernel.outputs(network.ctypes.data, inputs, model.sigmoid_output, out[begin:end])
        memories.append(memory)

    # Whole tiles, so that the outputs do not depend on the number of threads.
    size = TILE * max(MIN_TILES, -(-len(coordinates) // (TILE * threads * PIECES_PER_THREAD)))
    bounds = [*range(0, len(coordinates), size), len(coordinates)]
    with announced("fused", kernel.outputs):
        parallel_map(compute, pairwise(bounds), threads)
    return out
