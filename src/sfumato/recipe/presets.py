"""Recipes by name."""

from __future__ import annotations

import difflib

from sfumato.errors import RecipeError
from sfumato.recipe.changes import changed
from sfumato.recipe.recipe import Recipe

_SOURCE_2012 = {
    "picture": {"channels": "rgb", "color": "raw"},
    "coordinates": {"range": "unit", "at": "corners"},
    "model": {"depth": 6, "width": 300, "activation": "leaky_relu(0.01)", "init": "gaussian(0.3)"},
    "training": {
        "batch": 1,
        "order": "shuffled",
        "optimizer": "sgd(lr=0.1, fan_in_scaling=true)",
        "schedule": "constant",
        "loss": "squared",
    },
    "budget": {"epochs": 500},
    "evaluation": {"every": "epoch"},
}

_RPROP_SIGMOID = {
    "coordinates": {"range": "unit", "at": "corners"},
    "model": {"depth": 3, "width": 300, "activation": "relu", "output": "sigmoid", "init": "glorot"},
    "training": {
        "batch": "all",
        "order": "scan",
        "optimizer": "rprop(lr=0.1, largest=50)",
        "schedule": "constant",
        "loss": "squared",
    },
    "budget": {"epochs": 30},
    "evaluation": {"every": "epoch"},
}

_SPEEDRUN = {"budget": {"epochs": 0.8}}

_SPEEDRUN_OPEN = {
    "model": {
        "depth": 2,
        "width": 256,
        "activation": "gauss(0.7)",
        "encoding": "fourier(sigma=11, features=512)",
        "init": "lecun",
    },
    "training": {"optimizer": "foof(adam_lr=0.002)"},
    "budget": {"seconds": 10},
}

DESCRIPTIONS = {
    "fast": "the 4x300 leaky ReLU network with what trains it best in about 3 seconds (the default)",
    "blog-2012": "the experiment of 2012 as its post tells it: 4 hidden layers of 300, one pixel at a time, 500 epochs",
    "source-2012": "the same as its published source has it: 6 hidden layers",
    "speedrun": "the record of the speedrun's closed track: fast, for as many epochs as 28.15 dB need",
    "speedrun-open": "the record of its open track: Fourier features and bells, the best painting after 10 s",
    "rprop-sigmoid": "what the post's first reader tried: max(0, x), sigmoid output, full-batch Rprop; it saturates",
}
"""Every preset with a line about it."""


def preset(name: str) -> Recipe:
    """The recipe called ``name``. Raises RecipeError for a name that is not in `DESCRIPTIONS`."""
    base = Recipe()
    match name:
        case "fast":
            return base
        case "speedrun":
            return changed(base, _SPEEDRUN)
        case "speedrun-open":
            return changed(base, _SPEEDRUN_OPEN)
        case "source-2012":
            return changed(base, _SOURCE_2012)
        case "blog-2012":
            return changed(changed(base, _SOURCE_2012), {"model": {"depth": 4}})
        case "rprop-sigmoid":
            return changed(base, _RPROP_SIGMOID)
        case _:
            close = difflib.get_close_matches(name, DESCRIPTIONS, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else "."
            raise RecipeError(f"preset must be one of {', '.join(DESCRIPTIONS)}. Got {name!r}{hint}")
