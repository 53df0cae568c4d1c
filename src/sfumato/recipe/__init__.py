"""Recipes: everything that decides a run, as frozen plain data. Importing this package does not import torch."""

from sfumato.recipe.budget import Budget
from sfumato.recipe.changes import changed, difference, flat, values
from sfumato.recipe.coordinates import Coordinates
from sfumato.recipe.evaluation import Evaluation
from sfumato.recipe.identity import canonical_json, recipe_id
from sfumato.recipe.model import Model
from sfumato.recipe.picture import Picture
from sfumato.recipe.presets import DESCRIPTIONS, preset
from sfumato.recipe.recipe import EngineName, Recipe
from sfumato.recipe.text import from_json, from_string, from_toml, to_json, to_string, to_toml
from sfumato.recipe.training import Training

__all__ = [
    "DESCRIPTIONS",
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
