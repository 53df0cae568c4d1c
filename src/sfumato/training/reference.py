"""One training step in plain NumPy: the algorithm that every engine computes faster.

It is written to be read, and nothing trains with it; a test holds engines `fused` and `autograd` to it. A network of
L layers maps coordinates x (N, 2) to colors (N, C): h_0 = x, z_k = h_k W_k^T + b_k, h_{k+1} = f(z_k), and the outputs
are z_{L-1}. With residual connectivity every hidden layer after the first adds its input: h_{k+1} = h_k + f(z_k).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass
class Network:
    """A multilayer perceptron with leaky ReLU units."""

    weights: list[Array]
    """(fan_out, fan_in) of each layer."""
    biases: list[Array]
    """(fan_out,) of each layer."""
    residual: bool = False
    negative_slope: float = 0.01

    def skips(self, layer: int) -> bool:
        """Return whether a layer's input is added to its output."""
        return self.residual and 0 < layer < len(self.weights) - 1


@dataclass
class Adam:
    """Algorithm 1 of Kingma and Ba 2015: running means of the gradients and of their squares, one pair per array."""

    learning_rate: float
    means: list[Array]
    squares: list[Array]
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    step: int = 0

    def update(self, parameters: list[Array], gradients: list[Array]) -> None:
        """Update the parameters in place."""
        self.step += 1
        for p, g, m, v in zip(parameters, gradients, self.means, self.squares, strict=True):
            m += (1 - self.beta1) * (g - m)
            v += (1 - self.beta2) * (g * g - v)
            # Both means start at 0; the divisors correct the bias towards it.
            mean, square = m / (1 - self.beta1**self.step), v / (1 - self.beta2**self.step)
            p -= self.learning_rate * mean / (np.sqrt(square) + self.epsilon)


def forward(network: Network, x: Array) -> tuple[list[Array], list[Array]]:
    """Return the inputs h_k (N, fan_in) and the preactivations z_k (N, fan_out) of every layer k."""
    inputs: list[Array] = []
    preactivations: list[Array] = []
    for k, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
        inputs.append(x)
        z = x @ weight.T + bias
        preactivations.append(z)
        activation = np.where(z >= 0, z, network.negative_slope * z)
        x = x + activation if network.skips(k) else activation
    return inputs, preactivations


def loss(outputs: Array, targets: Array) -> float:
    """Return half the squared error, summed over channels and averaged over samples."""
    return float(0.5 * np.square(outputs - targets).sum() / len(targets))


def backward(network: Network, inputs: list[Array], preactivations: list[Array], targets: Array) -> list[Array]:
    """Return the gradients of the loss by all weights, then by all biases: the chain rule from the last layer down."""
    last = len(network.weights) - 1
    by_z = (preactivations[last] - targets) / len(targets)
    by_weights, by_biases = [by_z.T @ inputs[last]], [by_z.sum(axis=0)]
    by_h = by_z @ network.weights[last]
    for k in reversed(range(last)):
        by_z = by_h * np.where(preactivations[k] >= 0, 1, network.negative_slope)
        by_weights.insert(0, by_z.T @ inputs[k])
        by_biases.insert(0, by_z.sum(axis=0))
        # A residual layer also passes its gradient on unchanged, besides what goes through its weights.
        by_h = by_z @ network.weights[k] + (by_h if network.skips(k) else 0)
    return by_weights + by_biases


def train_step(network: Network, x: Array, targets: Array, optimizer: Adam | float) -> float:
    """Update the network in place on one mini-batch and return its loss before. A float is SGD's learning rate."""
    inputs, preactivations = forward(network, x)
    gradients = backward(network, inputs, preactivations, targets)
    parameters = network.weights + network.biases
    if isinstance(optimizer, Adam):
        optimizer.update(parameters, gradients)
    else:
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter -= optimizer * gradient
    return loss(preactivations[-1], targets)
