"""COIN's five networks: compression of Kodak's pictures (Dupont et al. 2021)."""

from __future__ import annotations

from sfumato.recipe.presets.preset import Preset, Published


def _preset(depth: int, width: int, psnr: float) -> Preset:
    return Preset(
        f"coin-{depth}x{width}",
        f"COIN's network of {depth} x {width} sines: 50,000 full-batch steps of Adam (hours)",
        {
            "picture": {"channels": "rgb", "color_management": False, "max_side": None},
            "coordinates": {"aspect": "picture"},
            "model": {
                "depth": depth,
                "width": width,
                "activation": "sine(30)",
                "init": "siren(omega=30, bias=weights)",
            },
            # Half the sum over three channels: PyTorch's mean over samples and channels has 2/3 of its gradient.
            "training": {"batch": "all", "optimizer": "adam(lr=0.0002, eps=1.5e-8)", "schedule": "constant"},
            "budget": {"steps": 50_000},
            "evaluation": {"psnr": "unclipped"},
        },
        Published(
            paper="Dupont, Golinski, Alizadeh, Teh and Doucet 2021, COIN: COmpression with Implicit Neural "
            "representations, arXiv 2103.03123",
            code="EmilienDupont/coin, main.py, siren.py, training.py, util.py",
            task="Kodak's 24 pictures",
            psnr=psnr,
            result="mean of Kodak's 24 pictures, the best over the steps, in the code's results.json",
            leaves_open="The PSNR is that of the unclipped outputs: the code's function clips and rounds its second "
            "argument, to which it passes the picture. It is the best over the steps of training, each measured before "
            "its update. The printed numbers may be those of the weights in half precision, which hardly differ.",
        ),
    )


COIN_5X20 = _preset(5, 20, 23.21)
COIN_5X30 = _preset(5, 30, 24.64)
COIN_10X28 = _preset(10, 28, 26.41)
COIN_10X40 = _preset(10, 40, 28.41)
COIN_13X49 = _preset(13, 49, 30.64)
