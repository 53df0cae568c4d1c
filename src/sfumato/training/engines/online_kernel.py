"""Stochastic gradient descent, one sample at a time: what each thread executes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sfumato.training.engines import (
    barrier,
    compiled_activation,
    compiled_loss,
    memory,
    online_loops,
    online_part,
    online_step,
    vector_code,
)
from sfumato.training.engines.compiled_loss import LossSpec
from sfumato.training.engines.memory import vector
from sfumato.training.engines.online_loops import FASTMATH, RANK
from sfumato.training.engines.online_step import Network, backward, forward, keep_answers, output_errors, sample_inputs
from sfumato.training.kernels.jit import kernel
from sfumato.training.kernels.stamp import stamp


def _compiled(stamp: int) -> Callable[..., tuple[float, float]]:
    @kernel(FASTMATH, error_model="numpy")
    def train(
        net: Network,
        loss_of: LossSpec,
        rates: NDArray[np.float64],
        features: NDArray[np.float32],
        targets: NDArray[np.float32],
        kept_answers: NDArray[np.float32],
        pixels: NDArray[np.int64],
        factors: NDArray[np.float64],
        lacking: int,
    ) -> tuple[float, float]:
        _ = stamp
        inputs, target = vector(sample_inputs(net), features.shape[1]), vector(net.target, targets.shape[1])
        now = vector(net.rates, len(rates))
        loss, squared = 0.0, 0.0
        meeting = 0
        for step in range(len(pixels)):
            pixel = pixels[step]
            for i in range(len(inputs)):
                inputs[i] = features[pixel, i]
            for i in range(len(target)):
                target[i] = targets[pixel, i]
            for i in range(len(rates)):
                now[i] = rates[i] * factors[step]
            meeting = forward(net, lacking, meeting)
            if meeting < 0:
                break
            of_loss, of_squared = output_errors(net, loss_of)
            loss += of_loss
            squared += of_squared
            if len(kept_answers) > 0:
                keep_answers(net, loss_of, kept_answers[pixel])
            meeting = backward(net, lacking, meeting)
            if meeting < 0:
                break
            lacking = (lacking + 1) % RANK
        return loss, squared

    return train


train = _compiled(
    stamp(barrier, compiled_activation, compiled_loss, memory, online_loops, online_part, online_step, vector_code)
)
"""One step for each of ``pixels``: the sums of the losses and squared errors, each taken before its own step.

``train(net, loss_of, rates, features, targets, kept_answers, pixels, factors, lacking)``: every layer's learning rate,
(N, F) encoded inputs, (N, C) targets, every step's factor of the rates, and of how many steps before these the
matrices lack the updates. All threads run this at once, on the same samples. The answers to them go to the rows of
``kept_answers`` (N, C), unless it has none.
"""
