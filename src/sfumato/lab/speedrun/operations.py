"""Floating-point operations of a training: of its matrix products, a multiplication and an addition counting as two.

Not counted: what is done once for each activation, error or weight, less than 1% here at batch 512; the encoding of
the coordinates, and everything else before the first step.
"""

from __future__ import annotations

from dataclasses import dataclass

from sfumato.errors import RecipeError
from sfumato.recipe import Recipe, choices
from sfumato.recipe.description import Layer, describe
from sfumato.training.optimizers import foof, kfac, soap


@dataclass(frozen=True)
class Operations:
    """Of one training."""

    network: int
    """Forward and backward: 6 a weight and sample, of the first layer 4, as no error goes below it."""
    optimizer: int
    """Products and factorisations by which the optimiser makes updates of gradients; 0 for those that have none."""

    @property
    def all(self) -> int:
        """Both."""
        return self.network + self.optimizer


def operations(recipe: Recipe, samples: int, steps: int) -> Operations | None:
    """Of so many samples shown in so many steps; ``recipe`` resolved, on an RGB picture.

    None where they are not known: of a network of the user's own, and of an optimiser that is neither elementwise nor
    counted here, such as L-BFGS, whose line search computes as often as it likes.
    """
    optimizer = recipe.training.optimizer
    try:
        layers = describe(recipe).layers
    except RecipeError:
        return None
    hidden = layers[1:-1]
    match optimizer:
        case choices.Foof():
            # Engine autograd knows the inputs of the first step from that step itself; the others look at them before.
            compiled = recipe.engine != "autograd"
            shown = _batch(recipe, samples)
            return Operations(
                _network(layers, samples + (shown if compiled else 0)),
                sum(_foof(layer, optimizer, shown, steps, compiled=compiled) for layer in hidden),
            )
        case choices.Muon():
            return Operations(_network(layers, samples), steps * sum(_muon(layer, optimizer) for layer in hidden))
        case choices.SOAP():
            return Operations(_network(layers, samples), sum(_soap(layer, optimizer, steps) for layer in layers))
        case choices.KFAC():
            # Errors of random signs go back through all layers but the first.
            back = 2 * samples * sum(layer.inputs * layer.units for layer in layers[1:])
            shown = _batch(recipe, samples)
            return Operations(
                _network(layers, samples), back + sum(_kfac(layer, optimizer, shown, steps) for layer in layers)
            )
        case _:
            return Operations(_network(layers, samples), 0) if optimizer.elementwise else None


def _network(layers: tuple[Layer, ...], samples: int) -> int:
    weights = [layer.inputs * layer.units for layer in layers]
    return 2 * samples * (3 * sum(weights) - weights[0])


def _batch(recipe: Recipe, samples: int) -> int:
    return samples if recipe.training.batch == "all" else min(recipe.training.batch, samples)


def _foof(layer: Layer, choice: choices.Foof, batch: int, steps: int, *, compiled: bool) -> int:
    """Moments of the inputs, their inverse by Cholesky's factors (n^3 in all), and its product with the gradient.

    Moments are symmetric, and compiled engines compute one half of them.
    """
    size, looks = layer.inputs + layer.biases, int(compiled)
    moments = min(choice.samples, batch) * size * (size + 1 if compiled else 2 * size)
    inversions = sum(foof.due(step, choice.every) for step in range(1, steps + 1)) + looks
    return (steps + looks) * moments + steps * 2 * size**2 * layer.units + inversions * size**3


def _muon(layer: Layer, choice: choices.Muon) -> int:
    """Three products a Newton-Schulz iteration."""
    small, large = sorted((layer.inputs, layer.units))
    return choice.iterations * (2 * 2 * small**2 * large + 2 * small**3)


def _soap(layer: Layer, choice: choices.SOAP, steps: int) -> int:
    """Into the basis, back, and the moments; now and then one step of orthogonal iteration by Householder's factors.

    The first step only looks, and finds the eigenvectors: 9 n^3, Golub and Van Loan 2013, "Matrix Computations", 8.3.
    """
    sides = [size for size in (layer.units, layer.inputs) if size <= soap.LONGEST]
    products = sum(2 * size * layer.units * layer.inputs for size in sides)
    refresh = 2 * products + sum(2 * size**3 + 8 * size**3 // 3 for size in sides)
    look = products + sum(9 * size**3 for size in sides)
    return look + (steps - 1) * 3 * products + (steps - 1) // choice.every * refresh


def _kfac(layer: Layer, choice: choices.KFAC, batch: int, steps: int) -> int:
    """Moments of inputs and errors, their inverses by Cholesky's factors, and the products with the gradient."""
    sizes = (layer.units, layer.inputs + layer.biases)
    if max(layer.units, layer.inputs + 1) > kfac.LONGEST:
        return 0
    inversions = sum(foof.due(step, choice.every) for step in range(1, steps + 1))
    moments = sum(2 * min(choice.samples, batch) * size**2 for size in sizes)
    update = sum(2 * size * sizes[0] * sizes[1] for size in sizes)
    return steps * (moments + update) + inversions * sum(size**3 for size in sizes)
