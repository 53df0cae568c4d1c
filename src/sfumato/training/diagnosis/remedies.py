"""What to change, as flags."""

from __future__ import annotations

import dataclasses

from sfumato.recipe import Recipe, choices
from sfumato.recipe.summary import text


def tries(*flags: str) -> str:
    """``Try this, or that.``"""
    return f"Try {', or '.join(dict.fromkeys(flags))}."


def flag(name: str, value: object) -> str:
    """``--training.optimizer "adam(lr=0.001)"``."""
    written = text(str(value))
    return f'--{name} "{written}"' if "(" in written else f"--{name} {written}"


def optimizer(recipe: Recipe, **changes: float) -> str:
    """The recipe's optimiser with some other values."""
    return flag("training.optimizer", dataclasses.replace(recipe.training.optimizer, **changes))


def slower(recipe: Recipe) -> str:
    """A lower rate: that which the optimiser has by default, or where it is not above that, a tenth."""
    chosen = recipe.training.optimizer
    default = type(chosen)()
    lower = default.lr if chosen.lr > 2 * default.lr else chosen.lr / 10
    if isinstance(chosen, choices.Rprop):
        # What it may grow to decides, not what it starts with.
        return optimizer(recipe, lr=min(lower, 0.001), largest=0.01)
    return optimizer(recipe, lr=_short(lower))


def faster(recipe: Recipe) -> str:
    """A higher rate: that which the optimiser has by default, or where it is not below that, ten times as high."""
    chosen = recipe.training.optimizer
    default = type(chosen)()
    return optimizer(recipe, lr=_short(default.lr if chosen.lr < default.lr else 10 * chosen.lr))


def initialisation(recipe: Recipe) -> str:
    """Initial weights that keep signals as large as they come in, for the recipe's activation."""
    return flag("model.init", _initialisation(recipe))


def has_good_initialisation(recipe: Recipe) -> bool:
    """Whether it has these already."""
    return _initialisation(recipe) == recipe.model.init


def _initialisation(recipe: Recipe) -> choices.Initialisation:
    match recipe.model.activation:
        case choices.Sine() as sine:
            return choices.Siren(omega=sine.omega)
        case choices.Tanh() | choices.Sigmoid():
            return choices.Glorot()
        case _:
            return choices.Edges()


def linear_output() -> str:
    """Outputs that pass the gradient wherever they are."""
    return flag("model.output", "linear")


def of_2012() -> str:
    """What learned in 2012 where Rprop did not."""
    return f"--training.batch 1 {flag('training.optimizer', choices.SGD(fan_in_scaling=True))}"


def _short(number: float) -> float:
    return float(f"{number:.1g}")
