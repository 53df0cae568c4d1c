"""Resolution of the fields that a recipe leaves to the machine."""

from __future__ import annotations

import torch

from sfumato.cores import available_cores
from sfumato.recipe import Recipe
from sfumato.recipe.engines import ENGINES
from sfumato.training.engines import choose


def resolve(recipe: Recipe) -> Recipe:
    """Return the recipe with every ``auto`` replaced by its value on this machine.

    Raise EngineError if no engine can train it.
    """
    spec = ENGINES[choose(recipe)]
    dtype = spec.dtype if recipe.dtype == "auto" else recipe.dtype
    device = recipe.device
    if device == "auto":
        device = "cuda" if "cuda" in spec.devices and torch.cuda.is_available() else "cpu"
    threads = 1 if spec.single_threaded else recipe.threads or available_cores()
    return recipe.model_copy(update={"engine": spec.name, "dtype": dtype, "device": device, "threads": threads})
