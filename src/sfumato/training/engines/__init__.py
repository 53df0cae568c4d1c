"""Engines: implementations of the training of a recipe."""

from __future__ import annotations

from importlib import import_module

from sfumato.recipe.engines import ENGINES
from sfumato.training.engines.compiled_outputs import outputs
from sfumato.training.engines.engine import Advance, Arrays, Engine, Shared, Task
from sfumato.training.engines.requirements import choose, unsupported_reasons
from sfumato.training.engines.signed import Signed


def find(name: str) -> type[Engine]:
    """Return the class of an engine, and import its module, which nothing else imports."""
    module, _, attribute = ENGINES[name].implementation.partition(":")
    return getattr(import_module(module), attribute)


def build(task: Task) -> Engine:
    """Return the engine that trains a task, whose targets, outputs and squared errors are of values in [0, 1].

    Its outputs and weights are those of the recipe's average, if it has one.

    Raise EngineError with all reasons if there is none.
    """
    kind, training = find(choose(task.recipe)), task.recipe.training
    engine = kind(task) if task.recipe.data.target_range == "unit" else Signed(task, kind)
    batch = len(task.targets) if training.batch == "all" else training.batch
    return training.averaging.implementation()(engine, training.averaging, batch)


__all__ = [
    "Advance",
    "Arrays",
    "Engine",
    "Shared",
    "Task",
    "build",
    "choose",
    "find",
    "outputs",
    "unsupported_reasons",
]
