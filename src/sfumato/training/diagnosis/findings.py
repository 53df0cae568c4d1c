"""Findings of a health check, and the changes of a recipe that they suggest, as flags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from sfumato.recipe import Recipe, choices
from sfumato.recipe.summary import text

Severity = Literal["error", "warning", "ok"]

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""All severities, the worst first."""


@dataclass(frozen=True)
class Finding:
    """One result of a health check."""

    severity: Severity
    text: str
    """One or two sentences: what was measured, and its consequence."""
    change: str = ""
    """The suggested change, with its flags; empty where nothing needs to change."""

    def __str__(self) -> str:
        return f"{self.text} {self.change}".rstrip()


_ACTIVATION = choices.LeakyReLU()
"""Suggested instead of an activation through which too little of a gradient passes."""
_OPTIMIZER = choices.FOOF()
"""Suggested instead of an optimizer that has not learned any shapes."""


def as_text(*flags: str) -> str:
    """Return ``Try this, or that.``; an empty string without flags."""
    return f"Try {', or '.join(dict.fromkeys(flags))}." if flags else ""


def flag(name: str, value: object) -> str:
    """Return a flag for a shell, such as ``--training.optimizer "adam(lr=0.001)"``."""
    value_text = text(str(value))
    return f'--{name} "{value_text}"' if "(" in value_text else f"--{name} {value_text}"


def lower_rate(recipe: Recipe) -> str:
    """Return the flag of an optimizer with smaller updates."""
    return flag("training.optimizer", recipe.training.optimizer.slower())


def higher_rate(recipe: Recipe) -> str:
    """Return the flag of an optimizer with larger updates."""
    return flag("training.optimizer", recipe.training.optimizer.faster())


def initialization(recipe: Recipe) -> str:
    """Return the flag of the initialization that preserves the variance of signals for the recipe's activation."""
    return flag("model.init", recipe.model.activation.initialization())


def has_good_initialization(recipe: Recipe) -> bool:
    """Tell whether the recipe has the initialization that suits its activation."""
    return recipe.model.activation.initialization() == recipe.model.init


def other_initialization(recipe: Recipe) -> list[str]:
    """Return a better initialization; if the recipe has it already, another activation or depth.

    Return none for a custom network, about which nothing is known here.
    """
    if recipe.model.module is not None:
        return []
    if not has_good_initialization(recipe):
        return [initialization(recipe)]
    if recipe.model.activation.sigmoidal_slope is not None:
        # Each layer attenuates the signal, whatever the initialization is.
        return [f"{flag('model.activation', _ACTIVATION)} {flag('model.init', _ACTIVATION.initialization())}"]
    depth = len(recipe.model.widths)
    return [flag("model.depth", max(depth // 2, 1))] if depth > 1 else []


def beyond_mean_color(recipe: Recipe) -> list[str]:
    """Return what learns shapes where this recipe has only learned the mean color."""
    slope = recipe.model.activation.sigmoidal_slope
    if slope is not None and slope < 1 and recipe.model.module is None:
        return [flag("model.activation", _ACTIVATION)]
    if recipe.training.optimizer.name == _OPTIMIZER.name:
        return [lower_rate(recipe)]
    if recipe.model.module is not None or has_good_initialization(recipe):
        return [flag("training.optimizer", _OPTIMIZER)]
    return [initialization(recipe)]


def smoother(recipe: Recipe) -> list[str]:
    """Return what interpolates more smoothly between the pixels trained on."""
    model, split = recipe.model, recipe.data.split.smaller()
    smaller_split = [] if split is None else [flag("data.split", split)]
    if model.module is not None:
        return smaller_split
    flags: list[str] = []
    if (encoding := model.encoding.smoother()) is not None:
        flags.append(flag("model.encoding", encoding))
    if (pair := model.activation.smoother()) is not None:
        activation, init = pair
        flags.append(f"{flag('model.activation', activation)} {flag('model.init', init)}")
    elif not flags and len(set(model.widths)) == 1 and model.widths[0] > 1:
        flags.append(flag("model.width", model.widths[0] // 2))
    return [*flags, *smaller_split]


def linear_output() -> str:
    """Return the flag of outputs whose gradient is the same everywhere."""
    return flag("model.output_activation", "linear")


def blog_2012() -> str:
    """Return the training that learned in 2012 where Rprop did not."""
    return f"--training.batch 1 {flag('training.optimizer', choices.SGD(fan_in_scaling=True))}"
