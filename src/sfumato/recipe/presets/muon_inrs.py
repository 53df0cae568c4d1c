"""ReLU networks trained by Muon and by Adam (McGinnis et al. 2025)."""

from __future__ import annotations

from sfumato.recipe.presets.preset import Preset, Published


def _preset(name: str, optimizer: str, description: str) -> Preset:
    return Preset(
        name,
        description,
        {
            "picture": {"channels": "rgb", "color_management": False},
            "model": {"depth": 4, "width": 256, "activation": "relu", "init": "pytorch"},
            "training": {"batch": "all", "optimizer": optimizer, "schedule": "cosine(evaluated=start)"},
            "budget": {"steps": 2000},
        },
        Published(
            paper="McGinnis, Hoelzl, Shit, Bieder, Friedrich, Muehlau, Menze, Rueckert and Wiestler 2025, Optimizing "
            "Rank for High-Fidelity Implicit Neural Representations, arXiv 2512.14366",
            code="jqmcginnis/muon-inrs, Readme.md; KellerJordan/Muon",
            task="Kodak's pictures",
            leaves_open="The code's page gives the optimizer's groups, Adam's decays and the cosine schedule. Depth, "
            "width, learning rates and steps are in the paper's supplement, which was not at hand: those here are "
            "PyTorch's and Muon's customary ones. Jordan's iterations compute in bfloat16, these in float32.",
        ),
    )


RELU_ADAM = _preset(
    "relu-adam", "adam(lr=0.001, eps=1.5e-8)", "ReLU units with PyTorch's own initial weights, trained by Adam"
)
RELU_MUON = _preset(
    "relu-muon",
    "muon(lr=0.02, adam_lr=0.001, adam_beta2=0.999, adam_eps=1.5e-10, norm=frobenius)",
    "the same, its hidden matrices trained by Muon: 4 x 256 units, 2000 full-batch steps",
)
