"""Engines: what executes the training of a recipe."""

from __future__ import annotations

from importlib import import_module

from sfumato.errors import EngineError
from sfumato.recipe import Recipe
from sfumato.training.engines.compiled_outputs import outputs
from sfumato.training.engines.engine import Advance, Arrays, Engine, Task
from sfumato.training.engines.refusals import REFUSALS
from sfumato.training.engines.shared import Shared

NAMES = {"replica": "Replica", "online": "Online", "fused": "Fused", "stacked": "Stacked", "autograd": "Autograd"}
"""Every engine: its module here, and its class. A module is imported when its engine is asked for."""

AUTO = ("fused", "online", "autograd")
"""In which order ``auto`` tries them."""


def find(name: str) -> type[Engine]:
    """The engine's class."""
    return getattr(import_module(f"{__name__}.{name}"), NAMES[name])


def choose(recipe: Recipe) -> str:
    """The engine that the recipe asks for, or for ``auto`` the first that can.

    Raises EngineError with all reasons when it cannot.
    """
    candidates = AUTO if recipe.engine == "auto" else (recipe.engine,)
    for name in candidates:
        if not REFUSALS[name](recipe):
            return name
    # For auto these are the reasons of the last, which takes the most.
    reasons = " ".join(REFUSALS[candidates[-1]](recipe))
    raise EngineError(f"engine {candidates[-1]} cannot train this recipe: {reasons}")


__all__ = ["AUTO", "NAMES", "Advance", "Arrays", "Engine", "Shared", "Task", "choose", "find", "outputs"]
