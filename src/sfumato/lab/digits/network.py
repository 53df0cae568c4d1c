"""A recipe's network with pixels of a digit for inputs in place of coordinates."""

from __future__ import annotations

from torch import nn

from sfumato import models
from sfumato.errors import RecipeError
from sfumato.models import activations
from sfumato.models.initializations import initialize
from sfumato.recipe import Recipe


def checked(recipe: Recipe) -> Recipe:
    """The recipe. Raises RecipeError where it asks for what only a picture has."""
    model = recipe.model
    for holds, field, rule, value in (
        (model.module is None, "model.module", "none", model.module),
        (model.encoding.identity, "model.encoding", "none", model.encoding),
        (not model.init.needs_picture, "model.init", "any but random_hyperplanes, which lie in a picture,", model.init),
        (recipe.data.split == 0, "data.split", "0", recipe.data.split),
        (recipe.engine != "replica", "engine", "any but replica", recipe.engine),
    ):
        if not holds:
            raise RecipeError(f"{field} must be {rule} for digits. Got {value}.")
    return recipe


def build(recipe: Recipe, inputs: int, outputs: int) -> models.MLP:
    """The multilayer perceptron of a resolved recipe, its weights drawn as those of a network for pictures are."""
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
