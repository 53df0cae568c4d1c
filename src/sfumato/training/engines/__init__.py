"""Engines: implementations of the training of a recipe."""

from __future__ import annotations

from importlib import import_module

from sfumato.recipe.engines import ENGINES
from sfumato.training.engines.compiled_outputs import outputs
from sfumato.training.engines.engine import Advance, Arrays, Engine, Shared, Task
from sfumato.training.engines.requirements import choose, unsupported_reasons


def find(name: str) -> type[Engine]:
    """Return the class of an engine, and import its module, which nothing else imports."""
    module, _, attribute = ENGINES[name].implementation.partition(":")
    return getattr(import_module(module), attribute)


__all__ = ["Advance", "Arrays", "Engine", "Shared", "Task", "choose", "find", "outputs", "unsupported_reasons"]
