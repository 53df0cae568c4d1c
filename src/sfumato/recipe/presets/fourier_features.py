"""The pictures of Fourier features: four encodings, trained on every second pixel (Tancik et al. 2020).

The networks are 3 x 256 ReLU units and sigmoid outputs with the initial weights of JAX's `stax.Dense`: truncated normal
ones of Glorot's variance, and normal biases of standard deviation 0.01.
"""

from __future__ import annotations

from typing import Any

from sfumato.recipe.presets.preset import Preset, Published


def _preset(
    name: str, encoding: str, description: str, psnr: float, pictures: str = "natural", more: str = ""
) -> Preset:
    changes: dict[str, Any] = {
        "picture": {"channels": "rgb", "color_management": False},
        "coordinates": {"range": "unit", "endpoint": False},
        "data": {"split": "regular_grid(2)"},
        "model": {
            "depth": 3,
            "width": 256,
            "activation": "relu",
            "output_activation": "sigmoid",
            "encoding": encoding,
            "init": "glorot(distribution=truncated_normal, bias=0.01)",
        },
        # Half the sum over three channels: the notebook's loss, half the mean, has a third of its gradient.
        "training": {"batch": "all", "optimizer": "adam(lr=0.001, eps=3e-8)", "schedule": "constant"},
        "budget": {"steps": 2000},
    }
    published = Published(
        paper="Tancik, Srinivasan, Mildenhall, Fridovich-Keil, Raghavan, Singhal, Ramamoorthi, Barron and Ng 2020, "
        "Fourier Features Let Networks Learn High Frequency Functions in Low Dimensional Domains, arXiv 2006.10739",
        code="tancik/fourier-feature-networks, Experiments/2d_image_regression.ipynb",
        task=f"16 {pictures} pictures of 512x512 pixels",
        psnr=psnr,
        result=f"mean of the 16 {pictures} pictures over all pixels, in the paper's table of results "
        "(quoted; not checked in the paper itself)",
        leaves_open="The notebook prints the PSNR after 1976 of its 2000 updates, the last one that it records, over "
        f"all pixels, those trained on included.{more}",
    )
    return Preset(name, description, changes, published)


NONE = _preset(
    "ff-none", "none", "the Fourier-features paper's pictures without an encoding: 3 x 256 ReLU units", 19.32
)
BASIC = _preset(
    "ff-basic", "basic", "the same with the basic encoding: cos and sin of each coordinate, once around", 21.71
)
POSITIONAL = _preset(
    "ff-positional",
    "positional(frequencies=128, scale=6)",
    "the same with positional encoding: 128 log-linear frequencies per axis",
    24.95,
)
POSITIONAL_TEXT = _preset(
    "ff-positional-text",
    "positional(frequencies=128, scale=5)",
    "the same for pictures of text",
    27.57,
    "text",
    " The notebook's form has scale 6 for text too; the paper's appendix 5.",
)
GAUSSIAN = _preset(
    "ff-gaussian",
    "fourier(sigma=10, features=512)",
    "the same with 256 Gaussian Fourier features, sigma 10",
    25.57,
)
GAUSSIAN_TEXT = _preset(
    "ff-gaussian-text",
    "fourier(sigma=14, features=512)",
    "the same for pictures of text, sigma 14",
    30.47,
    "text",
    " The notebook's form has sigma 18 for text; the paper's appendix 14, which its search finds.",
)
