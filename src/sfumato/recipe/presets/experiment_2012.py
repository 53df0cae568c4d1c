"""The experiment of 2012, and a reader's variant of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sfumato.recipe.presets.preset import Preset


def _changes(depth: int) -> Mapping[str, Any]:
    return {
        "picture": {"channels": "rgb", "color_management": False},
        "coordinates": {"range": "unit", "align_corners": True},
        "model": {"depth": depth, "width": 300, "activation": "leaky_relu(0.01)", "init": "gaussian(0.3)"},
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


BLOG_2012 = Preset(
    "blog-2012",
    "the 2012 experiment as in its blog post: 4 hidden layers of 300 units, batch 1, 500 epochs",
    _changes(depth=4),
)

SOURCE_2012 = Preset(
    "source-2012", "the 2012 experiment as in its published source: 6 hidden layers", _changes(depth=6)
)

RPROP_SIGMOID = Preset(
    "rprop-sigmoid",
    "a reader's variant of the 2012 experiment: ReLU, sigmoid outputs, full-batch Rprop; it saturates",
    {
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
    },
)
