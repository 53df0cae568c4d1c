"""Floating-point operations of a training: of its matrix products, a multiplication and an addition counting as two.

Not counted: what is done once for each activation, error or weight, less than 1% here at batch 512; the encoding of
the coordinates, and everything else before the first step. What an optimizer computes it states itself
(`sfumato.recipe.choices.Optimizer.operations`).
"""

from __future__ import annotations

from sfumato.errors import RecipeError
from sfumato.recipe import Recipe, engines
from sfumato.recipe.description import describe
from sfumato.recipe.layers import Operations, TrainingWork


def operations(recipe: Recipe, samples: int, steps: int) -> Operations | None:
    """Return those of so many samples shown in so many steps; ``recipe`` resolved, on an RGB picture.

    None where they are not known: of a network of the user's own, and of an optimizer that cannot tell, such as
    L-BFGS, whose line search computes as often as it likes.
    """
    try:
        layers = describe(recipe).layers
    except RecipeError:
        return None
    batch = samples if recipe.training.batch == "all" else min(recipe.training.batch, samples)
    work = TrainingWork(layers, samples, steps, batch, compiled=engines.auto(recipe).compiled)
    return recipe.training.optimizer.operations(work)
