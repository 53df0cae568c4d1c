"""The training loop of the engine ``online``, one sample at a time, as each thread executes it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sfumato.training.engines.compiled_loss import LossSpec
from sfumato.training.engines.online.step import (
    Network,
    backward,
    forward,
    output_errors,
    sample_inputs,
    store_outputs,
)
from sfumato.training.kernels.jit import kernel
from sfumato.training.kernels.memory import vector
from sfumato.training.kernels.source_hash import source_hash
from sfumato.training.kernels.vector_loops import FASTMATH, RANK


def _compiled(sources: int) -> Callable[..., tuple[float, float]]:
    @kernel(FASTMATH, error_model="numpy")
    def train(
        net: Network,
        loss_spec: LossSpec,
        rates: NDArray[np.float64],
        features: NDArray[np.float32],
        targets: NDArray[np.float32],
        outputs: NDArray[np.float32],
        pixels: NDArray[np.int64],
        weights: NDArray[np.float32],
        factors: NDArray[np.float64],
        pending_updates: int,
    ) -> tuple[float, float]:
        _ = sources
        inputs, target = vector(sample_inputs(net), features.shape[1]), vector(net.target, targets.shape[1])
        step_rates = vector(net.rates, len(rates))
        loss, squared = 0.0, 0.0
        phase = 0
        for index in range(len(pixels)):
            pixel = pixels[index]
            for i in range(len(inputs)):
                inputs[i] = features[pixel, i]
            for i in range(len(target)):
                target[i] = targets[pixel, i]
            for i in range(len(rates)):
                step_rates[i] = rates[i] * factors[index]
            phase = forward(net, pending_updates, phase)
            if phase < 0:
                break
            sample_loss, sample_squared = output_errors(net, loss_spec, weights[index : index + 1])
            loss += sample_loss
            squared += sample_squared
            if pixel < len(outputs):
                store_outputs(net, loss_spec, outputs[pixel])
            phase = backward(net, pending_updates, phase)
            if phase < 0:
                break
            pending_updates = (pending_updates + 1) % RANK
        return loss, squared

    return train


train = _compiled(source_hash(sample_inputs, forward, output_errors, store_outputs, backward, vector))
"""Take one step for each of ``pixels``; return the sums of the losses and squared errors, each before its own step.

``train(net, loss_spec, rates, features, targets, outputs, pixels, weights, factors, pending_updates)``: ``rates`` are
the layers' learning rates, ``features`` (N, F) the encoded inputs, ``targets`` is (N, C), ``weights`` are factors of
the samples' losses, or none at all, ``factors`` are the steps' factors of the rates; ``pending_updates`` is the number
of earlier steps whose updates the matrices do not contain yet.
All threads run this at the same time on the same samples. The samples' outputs go to the rows of ``outputs`` (M, C),
as far as it has them.
"""
