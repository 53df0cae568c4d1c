"""Requirements of engines: the rules of their specs, devices and libraries here, and fields left to the machine.

This module is apart from the engines, so that a check loads no compiled code.
"""

from __future__ import annotations

import os
from importlib.util import find_spec

import torch

from sfumato.cores import available_cores
from sfumato.errors import EngineError
from sfumato.recipe import Recipe
from sfumato.recipe.engines import ENGINES


def compiler_is_off() -> bool:
    """Return whether the environment disables Numba's compiler: its functions would run in Python, if at all."""
    return os.environ.get("NUMBA_DISABLE_JIT", "").strip() not in ("", "0")


def unsupported_reasons(name: str, recipe: Recipe) -> list[str]:
    """Return all reasons why this engine cannot train the recipe on this machine; empty if it can.

    Fields that are still ``auto`` are not reasons.
    """
    spec = ENGINES[name]
    reasons: list[str] = []
    if spec.compiled and compiler_is_off():
        reasons.append("NUMBA_DISABLE_JIT must be 0 or unset, because the engine is compiled. Got another value.")
    reasons += spec.unsupported(recipe)
    optimizer = recipe.training.optimizer
    if optimizer.library and find_spec(optimizer.library) is None:
        reasons.append(
            f"training.optimizer {optimizer.name} needs the module {optimizer.library}, which is not installed: "
            f"pip install 'sfumato[{optimizer.extra}]'."
        )
    if "cuda" in spec.devices and not torch.cuda.is_available():
        if recipe.device == "cuda":
            reasons.append("device must be cpu on this machine, which has no CUDA device. Got cuda.")
        elif "cpu" not in spec.devices:
            reasons.append(f"engine must be another on this machine, which has no CUDA device. Got {name}.")
    return reasons


def choose(recipe: Recipe) -> str:
    """Return the recipe's engine, or for ``auto`` the first one that can train the recipe.

    Raise EngineError with all reasons if there is none.
    """
    candidates = [name for name, spec in ENGINES.items() if spec.auto] if recipe.engine == "auto" else [recipe.engine]
    reasons: list[str] = []
    for name in candidates:
        reasons = unsupported_reasons(name, recipe)
        if not reasons:
            return name
    # For auto these are the reasons of the last candidate, which supports the most recipes.
    raise EngineError(f"engine {candidates[-1]} cannot train this recipe: {' '.join(reasons)}")


def resolve(recipe: Recipe, shape: tuple[int, int] | None = None) -> Recipe:
    """Return the recipe with every ``auto`` replaced by its value on this machine.

    With the ``shape`` (H, W) of its picture, the coordinates are resolved too. Raise EngineError if no engine can train
    it.
    """
    if shape is not None:
        recipe = recipe.model_copy(update={"coordinates": recipe.coordinates.resolved(*shape)})
    spec = ENGINES[choose(recipe)]
    dtype = spec.dtype if recipe.dtype == "auto" else recipe.dtype
    device = recipe.device
    if device == "auto":
        device = "cuda" if "cuda" in spec.devices and torch.cuda.is_available() else "cpu"
    threads = 1 if spec.single_threaded else recipe.threads or available_cores()
    return recipe.model_copy(update={"engine": spec.name, "dtype": dtype, "device": device, "threads": threads})
