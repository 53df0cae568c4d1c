"""The pictures of EVOS: a SIREN trained on all pixels, and on those of the largest errors (Zhang et al. 2025)."""

from __future__ import annotations

from sfumato.recipe.presets.preset import Preset, Published


def _preset(name: str, sampler: str, description: str, psnr: float, result: str, leaves_open: str) -> Preset:
    return Preset(
        name,
        description,
        {
            "picture": {"channels": "rgb", "color_management": False},
            "data": {"target_range": "signed"},
            "model": {"depth": 4, "width": 256, "activation": "sine(30)", "init": "siren(30)"},
            "training": {
                "batch": "all",
                "sampler": sampler,
                "optimizer": "adam(lr=0.0001, eps=1.5e-8)",
                "schedule": "constant",
            },
            "budget": {"steps": 5000},
        },
        Published(
            paper="Zhang, Xie, Ren, Xie, Tang, Ge, Wang and Wang 2025, EVOS: Efficient Implicit Neural Training via "
            "EVOlutionary Selector, arXiv 2412.10153",
            code="zwx-open/EVOS-INR, manager.py, opt.py, trainer/",
            task="DIV2K's test pictures of Tancik et al. 2020, 512x512",
            psnr=psnr,
            result=result,
            leaves_open=leaves_open,
        ),
    )


EVOS_SIREN = _preset(
    "evos-siren",
    "shuffled",
    "the SIREN of EVOS, trained on all pixels: 4 x 256 sines, 5000 steps of Adam",
    37.10,
    "row 'standard' after 5000 iterations, table 1 of the paper (from a summary; not checked in the paper)",
    "The learning-rate scheduler is made and never stepped: the rate is constant. The PSNR is that of clipped values, "
    "relative to the largest value of the picture.",
)
EVOS = _preset(
    "evos",
    "evos(ratio=0.5, mutation=0.5, laplacian=1e-5, interval=100, end_interval=50)",
    "the same, trained on the half of the pixels that EVOS selects",
    37.49,
    "row 'EVOS (w/o CFS)' after 5000 iterations, table 1 of the paper (from a summary; not checked in the paper)",
    "Without the additional loss of Laplacians (cross-frequency supervision), with which 37.81 dB is printed. The "
    "filter of the Laplacian is not in the authors' repository.",
)
