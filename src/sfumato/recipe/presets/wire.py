"""WIRE's pictures (Saragadam et al. 2023)."""

from __future__ import annotations

from sfumato.recipe.presets.preset import Preset, Published

WIRE = Preset(
    "wire",
    "WIRE's pictures: 3 x 181 complex Gabor wavelets, 2000 epochs of Adam in batches of 65536",
    {
        "picture": {"channels": "rgb", "color_management": False},
        "model": {
            "depth": 3,
            # The code divides a width of 256 by the square root of 2.
            "width": 181,
            "activation": "complex_gabor(omega=20, scale=30)",
            "init": "pytorch",
        },
        "training": {
            "batch": 65536,
            "optimizer": "adam(lr=0.005, eps=1.5e-8)",
            "schedule": "exponential(end=0.1, evaluated=epoch)",
        },
        "budget": {"epochs": 2000},
        "evaluation": {"psnr": "unclipped"},
    },
    Published(
        paper="Saragadam, LeJeune, Tan, Balakrishnan, Veeraraghavan and Baraniuk 2023, WIRE: Wavelet Implicit Neural "
        "Representations, arXiv 2301.05187",
        code="vishwa91/wire, modules/wire.py, modules/models.py and the scripts for pictures",
        task="a picture of DIV2K, 512x768 and smaller",
        leaves_open="The code multiplies the learning rate by the batch over the pixels for a picture that has more "
        "pixels than a batch; here it is not, and is 0.005. Users of the code did not reach the printed 43.2 dB (issue "
        "10 of its repository). The last layer of the code has imaginary biases, which no output depends on.",
    ),
)
