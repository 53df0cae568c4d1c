"""Initializations: one per file, drawn in float64 by NumPy so that every engine starts from the same numbers."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from sfumato.models.complex_mlp import ComplexMLP
from sfumato.models.coordinates import ranges
from sfumato.models.initializations.initialization import Draw, LayerSpec
from sfumato.models.mlp import MLP
from sfumato.process_state import torch_threads
from sfumato.recipe import Coordinates, choices
from sfumato.rng import rng_for

TRAINED_FEATURES = 0.1
"""Standard deviation of the features that a trained encoding is assumed to have: after some ten of its steps, which
change a feature by 0.01 each."""


@torch_threads(1)
def initialize(network: MLP | ComplexMLP, choice: choices.Initialization, seed: int, coordinates: Coordinates) -> None:
    """Draw the weights of a network in place, layer by layer from input to output.

    Each layer has its own random stream, so that networks of different depth agree in the layers that they share. The
    products are so small that synchronizing several threads takes longer than computing on one, much longer on busy
    cores.

    Some initializations measure the inputs of layers. Features that are trained begin near 0, and their later values
    are not known: random ones take their place.
    """
    layers = network.linear_layers()
    trained = any(parameter.requires_grad for parameter in network.encode.parameters())
    draw: Draw = choice.implementation()
    for number, layer in enumerate(layers):
        first, last = number == 0, layer is layers[-1]
        fan_in, fan_out = network.drawn_shape(number)

        def inputs(
            random: np.random.Generator, count: int, number: int = number, fan_in: int = fan_in
        ) -> NDArray[np.float64]:
            with torch.inference_mode():
                if trained:
                    features = random.normal(0, TRAINED_FEATURES, (count, layers[0].in_features))
                    encoded = torch.from_numpy(features).to(network.dtype)
                else:
                    low, high = np.transpose(ranges(coordinates))
                    points = torch.from_numpy(random.uniform(low, high, (count, 2)))
                    encoded = network.encode(points.to(network.dtype))
                # Of complex numbers, the real parts.
                return network.inputs_from(encoded, number)[:, :fan_in].double().numpy()

        spec = LayerSpec(
            fan_in,
            fan_out,
            first,
            last,
            inputs,
            encoded=not isinstance(network.encode, nn.Identity),
            terms=network.connections.terms(number),
        )
        name = "output" if last else str(number)
        weights, biases = draw(choice, spec, rng_for(seed, f"initialisation/{name}"))
        network.set_drawn(number, torch.from_numpy(weights), torch.from_numpy(biases))


__all__ = ["Draw", "LayerSpec", "initialize"]
