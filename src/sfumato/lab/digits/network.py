"""A recipe's network with the pixels of a digit as inputs, in place of coordinates."""

from __future__ import annotations

from torch import nn

from sfumato import models
from sfumato.errors import RecipeError
from sfumato.models import activations
from sfumato.models.initializations import initialize
from sfumato.recipe import Recipe


def checked(recipe: Recipe) -> Recipe:
    """Return the recipe, or raise RecipeError if it needs a picture."""
    model = recipe.model
    for holds, field, rule, value in (
        (model.module is None, "model.module", "none", model.module),
        (model.encoding.identity, "model.encoding", "none", model.encoding),
        (not model.init.needs_picture, "model.init", "any but random_hyperplanes, which needs a picture,", model.init),
        (recipe.data.split == 0, "data.split", "0", recipe.data.split),
        (recipe.engine != "replica", "engine", "any but replica", recipe.engine),
    ):
        if not holds:
            raise RecipeError(f"{field} must be {rule} for digits. Got {value}.")
    return recipe


def build(recipe: Recipe, inputs: int, outputs: int) -> models.MLP:
    """Return the multilayer perceptron of a resolved recipe, initialized as a network for pictures is."""
    model = recipe.model
    network = models.MLP(
        nn.Identity(),
        inputs,
        model.widths,
        outputs,
        activations.build(model.activation),
        biases=model.biases,
        sigmoid_output=model.output_activation == "sigmoid",
        connections=model.connections,
    ).to(models.DTYPES[recipe.dtype])
    initialize(network, model.init, recipe.seed, recipe.coordinates)
    return network
