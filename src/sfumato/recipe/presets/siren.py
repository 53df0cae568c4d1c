"""SIREN's picture: the first experiment of the authors' notebook (Sitzmann et al. 2020)."""

from __future__ import annotations

from sfumato.recipe.presets.preset import Preset, Published

SIREN = Preset(
    "siren",
    "SIREN's photograph of a camera: 4 x 256 sines, targets in [-1, 1], 500 full-batch steps of Adam",
    {
        "picture": {"source": "camera", "size": "256x256", "channels": "gray"},
        "data": {"target_range": "signed"},
        "model": {"depth": 4, "width": 256, "activation": "sine(30)", "init": "siren(30)"},
        # Half the mean over one channel's squared errors: the notebook's mean has twice its gradient.
        "training": {"batch": "all", "optimizer": "adam(lr=0.0001, eps=5e-9)", "schedule": "constant"},
        "budget": {"steps": 500},
        "evaluation": {"psnr": "unclipped"},
    },
    Published(
        paper="Sitzmann, Martel, Bergman, Lindell and Wetzstein 2020, Implicit Neural Representations with Periodic "
        "Activation Functions, arXiv 2006.09661",
        code="vsitzmann/siren, explore_siren.ipynb",
        task="the photograph `camera` of scikit-image, 256x256",
        leaves_open="The notebook is published without its outputs, and the paper shows curves without a number for "
        "these 500 steps. The notebook reduces the photograph with a triangle filter, Sfumato with Lanczos.",
    ),
)
