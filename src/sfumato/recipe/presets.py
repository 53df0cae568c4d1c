"""Presets: recipes by name."""

from __future__ import annotations

import difflib

from sfumato.errors import RecipeError
from sfumato.recipe.changes import changed
from sfumato.recipe.recipe import Recipe

_SOURCE_2012 = {
    "picture": {"channels": "rgb", "color_management": False},
    "coordinates": {"range": "unit", "align_corners": True},
    "model": {"depth": 6, "width": 300, "activation": "leaky_relu(0.01)", "init": "gaussian(0.3)"},
    "training": {
        "batch": 1,
        "sampler": "shuffled",
        "optimizer": "sgd(lr=0.1, fan_in_scaling=true)",
        "schedule": "constant",
        "loss": "mse",
    },
    "budget": {"epochs": 500},
    "evaluation": {"interval": "epoch"},
}

_RPROP_SIGMOID = {
    "coordinates": {"range": "unit", "align_corners": True},
    "model": {"depth": 3, "width": 300, "activation": "relu", "output_activation": "sigmoid", "init": "glorot"},
    "training": {
        "batch": "all",
        "sampler": "sequential",
        "optimizer": "rprop(lr=0.1, largest=50)",
        "schedule": "constant",
        "loss": "mse",
    },
    "budget": {"epochs": 30},
    "evaluation": {"interval": "epoch"},
}

_SPEEDRUN = {"budget": {"epochs": 0.8}}

_SPEEDRUN_OPEN = {
    "model": {
        "depth": 2,
        "width": 256,
        "activation": "gaussian(0.7)",
        "encoding": "fourier(sigma=11, features=512)",
        "init": "lecun",
    },
    "training": {"optimizer": "foof(adam_lr=0.002)"},
    "budget": {"seconds": 10},
}

_INSTANT_NGP = {
    "coordinates": {"align_corners": False},
    "model": {
        "depth": 2,
        "width": 64,
        "activation": "relu",
        "encoding": "hash_grid(levels=12, features=2, log2_table_size=16, base_resolution=16, finest_resolution=768)",
        "init": "he",
    },
    "training": {"batch": 2048, "optimizer": "adam(lr=0.005, beta2=0.99, eps=1e-15)", "schedule": "cosine"},
    "budget": {"seconds": 10},
}

DESCRIPTIONS = {
    "fast": "4 hidden layers of 300 leaky ReLU units, with the best known training for about 3 seconds (the default)",
    "blog-2012": "the 2012 experiment as in its blog post: 4 hidden layers of 300 units, batch 1, 500 epochs",
    "source-2012": "the 2012 experiment as in its published source: 6 hidden layers",
    "speedrun": "record of the closed speedrun track: fast, for the epochs that reach 28.15 dB",
    "speedrun-open": "record of the open speedrun track: Fourier features and gaussian activations, for 10 s",
    "instant-ngp": "a hash grid and 2 x 64 ReLU units (Instant-NGP), for pictures of about 768x512 pixels, for 10 s",
    "rprop-sigmoid": "a reader's variant of the 2012 experiment: ReLU, sigmoid outputs, full-batch Rprop; it saturates",
}
"""Description of every preset by its name."""


def preset(name: str) -> Recipe:
    """Return the recipe called ``name``. Raises RecipeError for a name that is not in `DESCRIPTIONS`."""
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
        case "instant-ngp":
            return changed(base, _INSTANT_NGP)
        case "rprop-sigmoid":
            return changed(base, _RPROP_SIGMOID)
        case _:
            close = difflib.get_close_matches(name, DESCRIPTIONS, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else "."
            raise RecipeError(f"preset must be one of {', '.join(DESCRIPTIONS)}. Got {name!r}{hint}")
