"""Questions by name: each makes a plan from a recipe and a picture."""

from __future__ import annotations

import difflib
from types import ModuleType

from sfumato.errors import RecipeError
from sfumato.lab.questions import deep_vs_shallow, mnist_claim, rprop_sigmoid, six_hints

QUESTIONS: dict[str, ModuleType] = {"deep-vs-shallow": deep_vs_shallow}

ABLATIONS: dict[str, ModuleType] = {"six-hints": six_hints, "rprop-sigmoid": rprop_sigmoid}
"""Questions of `sfumato ablate`, by name."""


def find(name: str) -> ModuleType:
    """Return the question of that name. Raises RecipeError unless it is in `QUESTIONS`."""
    if name in QUESTIONS:
        return QUESTIONS[name]
    if name in ABLATIONS:
        raise RecipeError(f"{name} is a question of ablate: sfumato ablate {name}.")
    if name == mnist_claim.NAME:
        raise RecipeError(f"{name} is two experiments and has its own command: sfumato compare {name}.")
    close = difflib.get_close_matches(name, [*QUESTIONS, mnist_claim.NAME], n=1)
    hint = f"did you mean {close[0]!r}?" if close else "or give custom arms with --arm or --axis."
    raise RecipeError(f"the question must be one of {', '.join([*QUESTIONS, mnist_claim.NAME])}. Got {name!r}; {hint}")
