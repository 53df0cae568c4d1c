"""FINER's pictures (Liu et al. 2024)."""

from __future__ import annotations

import math

from sfumato.recipe.presets.preset import Preset, Published

FINER = Preset(
    "finer",
    "FINER's pictures: 4 x 256 variable-periodic sines, targets in [-1, 1], 5000 full-batch steps of Adam",
    {
        "picture": {"channels": "rgb", "color_management": False},
        "data": {"target_range": "signed"},
        "model": {
            "depth": 4,
            "width": 256,
            "activation": "finer(omega=30, differentiate_scale=false)",
            # PyTorch's default for two inputs, which the authors' script for pictures leaves as it is.
            "init": f"finer(omega=30, bias_range={1 / math.sqrt(2)!r})",
        },
        "training": {
            "batch": "all",
            "optimizer": "adam(lr=0.0005, eps=1.5e-8)",
            "schedule": "exponential(end=0.1, evaluated=start)",
        },
        "budget": {"steps": 5000},
        "evaluation": {"psnr": "unclipped"},
    },
    Published(
        paper="Liu, Zhu, Zhang, Fu, Deng, Ma, Guo and Cao 2024, FINER: Flexible Spectral-bias Tuning in Implicit "
        "NEural Representation by Variable-periodic Activation Functions, arXiv 2312.02434",
        code="liuzhen0212/FINER, train_image.py, models.py, run_finer.sh",
        task="the 16 natural pictures of Tancik et al. 2020, 512x512",
        leaves_open="The factor of the preactivation is a constant in the gradient in the code, and is not in the "
        "paper's formula. The number of the paper's table is not in the code, and is not repeated here.",
    ),
)
