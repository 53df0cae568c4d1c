"""Recipes: everything that decides a run, as frozen plain data. Importing this package does not import torch."""

from sfumato.recipe.budget import Budget
from sfumato.recipe.changes import changed, difference, flat, values
from sfumato.recipe.model import Model
from sfumato.recipe.picture import Coordinates, Picture
from sfumato.recipe.presets import DESCRIPTIONS, PRESETS, preset
from sfumato.recipe.recipe import EngineName, Recipe
from sfumato.recipe.text import (
    canonical_json,
    from_json,
    from_string,
    from_toml,
    recipe_id,
    to_json,
    to_string,
    to_toml,
)
from sfumato.recipe.training import Evaluation, Training

__all__ = [
    "DESCRIPTIONS",
    "PRESETS",
    "Budget",
    "Coordinates",
    "EngineName",
    "Evaluation",
    "Model",
    "Picture",
    "Recipe",
    "Training",
    "canonical_json",
    "changed",
    "difference",
    "flat",
    "from_json",
    "from_string",
    "from_toml",
    "preset",
    "recipe_id",
    "to_json",
    "to_string",
    "to_toml",
    "values",
]
