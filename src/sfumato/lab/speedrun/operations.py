"""Floating-point operations of a training's matrix products; a multiplication and an addition count as two.

Not counted: operations done once per activation, error or weight, less than 1% here at batch 512; the encoding of the
coordinates; and everything else before the first step. An optimizer states its own operations
(`sfumato.recipe.choices.Optimizer.operations`).
"""

from __future__ import annotations

from sfumato.errors import RecipeError
from sfumato.recipe import Recipe, engines
from sfumato.recipe.description import describe
from sfumato.recipe.layers import Operations, TrainingWork


def operations(recipe: Recipe, samples: int, steps: int) -> Operations | None:
    """Return the operations of ``samples`` samples in ``steps`` steps; ``recipe`` resolved, on an RGB picture.

    None where they are unknown: for a custom network, and for an optimizer such as L-BFGS, whose line search takes any
    number of evaluations.
    """
    try:
        layers = describe(recipe).layers
    except RecipeError:
        return None
    batch = samples if recipe.training.batch == "all" else min(recipe.training.batch, samples)
    work = TrainingWork(layers, samples, steps, batch, compiled=engines.auto(recipe).compiled)
    return recipe.training.optimizer.operations(work)
