"""What to change, as flags."""

from __future__ import annotations

import dataclasses

from sfumato.recipe import Recipe, choices
from sfumato.recipe.summary import text


def tries(*flags: str) -> str:
    """``Try this, or that.``; nothing where there is nothing to try."""
    return f"Try {', or '.join(dict.fromkeys(flags))}." if flags else ""


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


def other_start(recipe: Recipe) -> list[str]:
    """Another start where that may help: initial weights, or where these are right, what they are right for.

    Of a network of one's own nothing can be told here.
    """
    if recipe.model.module is not None:
        return []
    if not has_good_initialisation(recipe):
        return [initialisation(recipe)]
    if isinstance(recipe.model.activation, choices.Sigmoid | choices.Tanh):
        # Each layer passes on less than it gets, however it starts: a sigmoid at most a quarter.
        return [f"{flag('model.activation', choices.LeakyReLU())} {flag('model.init', choices.Edges())}"]
    depth = len(recipe.model.widths)
    return [flag("model.depth", max(depth // 2, 1))] if depth > 1 else []


def better(recipe: Recipe) -> list[str]:
    """What learns shapes where this recipe has come to the mean colour alone."""
    if isinstance(recipe.model.activation, choices.Sigmoid) and recipe.model.module is None:
        return [flag("model.activation", choices.LeakyReLU())]
    if isinstance(recipe.training.optimizer, choices.Foof):
        return [slower(recipe)]
    if recipe.model.module is not None or has_good_initialisation(recipe):
        return [flag("training.optimizer", choices.Foof())]
    return [initialisation(recipe)]


def smoother(recipe: Recipe) -> list[str]:
    """What answers more smoothly between the pixels that were shown."""
    model, less = recipe.model, flag("training.held_out", _short(recipe.training.held_out / 2))
    if model.module is not None:
        return [less]
    found: list[str] = []
    if isinstance(model.encoding, choices.Fourier):
        default = choices.Fourier()
        sigma = default.sigma if model.encoding.sigma > default.sigma else model.encoding.sigma / 4
        found.append(flag("model.encoding", dataclasses.replace(model.encoding, sigma=_short(sigma))))
    if isinstance(model.activation, choices.Sine):
        omega = _short(model.activation.omega / 2)
        found.append(
            f"{flag('model.activation', choices.Sine(omega=omega))} {flag('model.init', choices.Siren(omega=omega))}"
        )
    elif not found and len(set(model.widths)) == 1 and model.widths[0] > 1:
        found.append(flag("model.width", model.widths[0] // 2))
    return [*found, less]


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
