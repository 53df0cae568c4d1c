"""Why an engine cannot train a recipe: what it lists (`sfumato.recipe.engines`), and what this machine has.

Apart from the engines, so that asking loads no compiled code.
"""

from __future__ import annotations

import os

import torch

from sfumato.errors import EngineError
from sfumato.recipe import Recipe
from sfumato.recipe.engines import ENGINES


def compiler_is_off() -> bool:
    """Tell whether Numba was told to compile nothing: its functions would run in Python, if at all."""
    return os.environ.get("NUMBA_DISABLE_JIT", "").strip() not in ("", "0")


def unsupported_reasons(name: str, recipe: Recipe) -> list[str]:
    """Return every reason why this engine cannot train the recipe on this machine; empty when it can.

    Fields that are still ``auto`` are no reason.
    """
    spec = ENGINES[name]
    reasons: list[str] = []
    if spec.compiled and compiler_is_off():
        reasons.append("NUMBA_DISABLE_JIT must be 0 or not set: the engine is compiled. Got another value.")
    reasons += spec.unsupported(recipe)
    if "cuda" in spec.devices and not torch.cuda.is_available():
        if recipe.device == "cuda":
            reasons.append("device must be cpu on this machine, which has no CUDA device. Got cuda.")
        elif "cpu" not in spec.devices:
            reasons.append(f"engine must be another on this machine, which has no CUDA device. Got {name}.")
    return reasons


def choose(recipe: Recipe) -> str:
    """Return the engine that the recipe asks for, or for ``auto`` the first that can.

    Raises EngineError with all reasons when it cannot.
    """
    candidates = [name for name, spec in ENGINES.items() if spec.auto] if recipe.engine == "auto" else [recipe.engine]
    reasons: list[str] = []
    for name in candidates:
        reasons = unsupported_reasons(name, recipe)
        if not reasons:
            return name
    # For auto these are the reasons of the last, which takes the most.
    raise EngineError(f"engine {candidates[-1]} cannot train this recipe: {' '.join(reasons)}")
