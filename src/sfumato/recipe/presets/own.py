"""Presets of this project: the default recipe, and the records of the speedrun."""

from __future__ import annotations

from sfumato.recipe.presets.preset import Preset

FAST = Preset(
    "fast",
    "4 hidden layers of 300 leaky ReLU units, with the best known training for about 3 seconds (the default)",
)

SPEEDRUN = Preset(
    "speedrun",
    "record of the closed speedrun track: fast, for the epochs that reach 28.15 dB",
    {"budget": {"epochs": 0.8}},
)

SPEEDRUN_OPEN = Preset(
    "speedrun-open",
    "record of the open speedrun track: Fourier features and gaussian activations, for 10 s",
    {
        "model": {
            "depth": 2,
            "width": 256,
            "activation": "gaussian(0.7)",
            "encoding": "fourier(sigma=11, features=512)",
            "init": "lecun",
        },
        "training": {"optimizer": "foof(adam_lr=0.002)"},
        "budget": {"seconds": 10},
    },
)
