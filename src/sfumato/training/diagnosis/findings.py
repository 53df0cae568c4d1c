"""Findings of a health check, and the changes of a recipe that they suggest, as flags."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal, cast, get_args

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
    value_text = text([*map(str, cast(tuple[object, ...], value))] if isinstance(value, tuple) else str(value))
    return f'--{name} "{value_text}"' if "(" in value_text else f"--{name} {value_text}"


def lower_rate(recipe: Recipe) -> str:
    """Return the flag of an optimizer with smaller updates."""
    return flag("training.optimizer", recipe.training.optimizer.slower())


def higher_rate(recipe: Recipe) -> str:
    """Return the flag of an optimizer with larger updates."""
    return flag("training.optimizer", recipe.training.optimizer.faster())


def is_determined(recipe: Recipe) -> bool:
    """Tell whether the connectivity determines activation and initialization, so that neither can be changed."""
    return "activation" in recipe.model.connectivity.determines


def is_fixed(recipe: Recipe) -> bool:
    """Tell whether activation and initialization cannot be changed, or are unknown, those of a custom network."""
    return recipe.model.module is not None or is_determined(recipe)


def activation_flags(recipe: Recipe) -> list[str]:
    """Return the flag of an activation through which gradients pass, where the recipe may have another one."""
    return [] if is_determined(recipe) else [flag("model.activation", _ACTIVATION)]


def initialization(recipe: Recipe) -> str:
    """Return the flag of the initialization that preserves the variance of signals for the recipe's activation.

    Of a list it is that of most layers after the first, for which many initializations have a rule of their own.
    """
    listed = _listed(recipe)
    suited = Counter(each.initialization() for each in listed[1:] or listed)
    return flag("model.init", suited.most_common(1)[0][0])


def has_good_initialization(recipe: Recipe) -> bool:
    """Tell whether the recipe has the initialization that suits its activation, or one of a list."""
    return any(each.initialization() == recipe.model.init for each in _listed(recipe))


def _listed(recipe: Recipe) -> tuple[choices.Activation, ...]:
    """Return the activations of a list, or the one of all layers."""
    activation = recipe.model.activation
    return activation if isinstance(activation, tuple) else (activation,)


def _slopes(recipe: Recipe) -> list[float]:
    """Return the largest derivatives of the recipe's S-shaped activations."""
    return [each.sigmoidal_slope for each in _listed(recipe) if each.sigmoidal_slope is not None]


def other_initialization(recipe: Recipe) -> list[str]:
    """Return a better initialization; if the recipe has it already, another activation or depth.

    Return none for a network about which nothing is known here.
    """
    if is_fixed(recipe):
        return []
    if not has_good_initialization(recipe):
        return [initialization(recipe)]
    if _slopes(recipe):
        # Each layer attenuates the signal, whatever the initialization is.
        return [f"{flag('model.activation', _ACTIVATION)} {flag('model.init', _ACTIVATION.initialization())}"]
    depth = len(recipe.model.widths)
    # A list of activations is for its own number of layers.
    if depth < 2 or isinstance(recipe.model.activation, tuple):
        return []
    return [flag("model.depth", depth // 2)]


def beyond_mean_color(recipe: Recipe) -> list[str]:
    """Return what learns shapes where this recipe has only learned the mean color."""
    if any(slope < 1 for slope in _slopes(recipe)) and not is_fixed(recipe):
        return [flag("model.activation", _ACTIVATION)]
    if recipe.training.optimizer.name == _OPTIMIZER.name:
        return [lower_rate(recipe)]
    if is_fixed(recipe) or has_good_initialization(recipe):
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
    if is_fixed(recipe):
        return [*flags, *smaller_split]
    listed = _listed(recipe)
    smoother = [each.smoother() for each in listed]
    if inits := [pair[1] for pair in smoother if pair is not None]:
        activations = tuple(each if pair is None else pair[0] for each, pair in zip(listed, smoother, strict=True))
        activation = activations if isinstance(model.activation, tuple) else activations[0]
        flags.append(f"{flag('model.activation', activation)} {flag('model.init', inits[-1])}")
    elif not flags and len(set(model.widths)) == 1 and model.widths[0] > 1:
        flags.append(flag("model.width", model.widths[0] // 2))
    return [*flags, *smaller_split]


def linear_output() -> str:
    """Return the flag of outputs whose gradient is the same everywhere."""
    return flag("model.output_activation", "linear")


def blog_2012() -> str:
    """Return the training that learned in 2012 where Rprop did not."""
    return f"--training.batch 1 {flag('training.optimizer', choices.SGD(fan_in_scaling=True))}"
