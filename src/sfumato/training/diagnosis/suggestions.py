"""What to change, as flags."""

from __future__ import annotations

from sfumato.formatting import one_digit
from sfumato.recipe import Recipe, choices
from sfumato.recipe.summary import text

_ACTIVATION = choices.LeakyReLU()
"""Suggested in place of one that passes too little."""
_OPTIMIZER = choices.FOOF()
"""Suggested in place of one that has learned no shapes."""


def as_text(*flags: str) -> str:
    """``Try this, or that.``; nothing where there is nothing to try."""
    return f"Try {', or '.join(dict.fromkeys(flags))}." if flags else ""


def flag(name: str, value: object) -> str:
    """``--training.optimizer "adam(lr=0.001)"``."""
    written = text(str(value))
    return f'--{name} "{written}"' if "(" in written else f"--{name} {written}"


def slower(recipe: Recipe) -> str:
    """Smaller updates."""
    return flag("training.optimizer", recipe.training.optimizer.slower())


def faster(recipe: Recipe) -> str:
    """Larger updates."""
    return flag("training.optimizer", recipe.training.optimizer.faster())


def initialization(recipe: Recipe) -> str:
    """Initial weights that keep signals as large as they come in, for the recipe's activation."""
    return flag("model.init", recipe.model.activation.initialization())


def has_good_initialization(recipe: Recipe) -> bool:
    """Whether it has these already."""
    return recipe.model.activation.initialization() == recipe.model.init


def other_start(recipe: Recipe) -> list[str]:
    """Another start where that may help: initial weights, or where these are right, what they are right for.

    Of a network of one's own nothing can be told here.
    """
    if recipe.model.module is not None:
        return []
    if not has_good_initialization(recipe):
        return [initialization(recipe)]
    if recipe.model.activation.sigmoidal_slope is not None:
        # Each layer passes on less than it gets, however it starts.
        return [f"{flag('model.activation', _ACTIVATION)} {flag('model.init', _ACTIVATION.initialization())}"]
    depth = len(recipe.model.widths)
    return [flag("model.depth", max(depth // 2, 1))] if depth > 1 else []


def better(recipe: Recipe) -> list[str]:
    """What learns shapes where this recipe has come to the mean color alone."""
    slope = recipe.model.activation.sigmoidal_slope
    if slope is not None and slope < 1 and recipe.model.module is None:
        return [flag("model.activation", _ACTIVATION)]
    if recipe.training.optimizer.name == _OPTIMIZER.name:
        return [slower(recipe)]
    if recipe.model.module is not None or has_good_initialization(recipe):
        return [flag("training.optimizer", _OPTIMIZER)]
    return [initialization(recipe)]


def smoother(recipe: Recipe) -> list[str]:
    """What answers more smoothly between the pixels that were shown."""
    model, less = recipe.model, flag("data.split", one_digit(recipe.data.split / 2))
    if model.module is not None:
        return [less]
    found: list[str] = []
    if (encoding := model.encoding.smoother()) is not None:
        found.append(flag("model.encoding", encoding))
    if (pair := model.activation.smoother()) is not None:
        activation, initial_weights = pair
        found.append(f"{flag('model.activation', activation)} {flag('model.init', initial_weights)}")
    elif not found and len(set(model.widths)) == 1 and model.widths[0] > 1:
        found.append(flag("model.width", model.widths[0] // 2))
    return [*found, less]


def linear_output() -> str:
    """Outputs that pass the gradient wherever they are."""
    return flag("model.output_activation", "linear")


def of_2012() -> str:
    """What learned in 2012 where Rprop did not."""
    return f"--training.batch 1 {flag('training.optimizer', choices.SGD(fan_in_scaling=True))}"
