"""Half the squared error relative to the squared output: e^2 / (2 (y^2 + epsilon)), y constant for the derivative.

The relative L2 loss of Mueller et al. 2022 (Instant Neural Graphics Primitives) and tiny-cuda-nn, there without the
half, after Lehtinen et al. 2018 (Noise2Noise): errors of dark pixels count as much as those of bright ones. The squared
output stands for the squared target, because an expectation over noisy targets is then minimized by their mean.

Both use an epsilon of 0.01. Errors of outputs near 0, which all outputs are at first, then count a hundred times as
much as those of bright outputs: the first steps take outputs far above the targets, where hardly any slope takes them
back. With the default of 0.1 this ratio is 11 (`sfumato paint cat --picture.max-side 64 --budget.steps 16
--training.loss relative_l2`: 19 dB, and 10 dB with 0.01; the mean color has 17.9 dB).
"""

from __future__ import annotations

from torch import Tensor

from sfumato.training.losses.loss import Implementation


def tensor(errors: Tensor, outputs: Tensor, epsilon: float) -> Tensor:
    """Return the loss elementwise."""
    return 0.5 * errors * errors / (outputs * outputs + epsilon)


def value(error: float, output: float, epsilon: float) -> float:
    """Return the loss of one error."""
    # In float64, whatever the type of the output.
    return 0.5 * error * error / (1.0 * output * output + epsilon)


def derivative(error: float, output: float, epsilon: float) -> float:
    """Return e / (y^2 + epsilon)."""
    return error / (1.0 * output * output + epsilon)


IMPLEMENTATION = Implementation(tensor, value, derivative, takes_outputs=True)
