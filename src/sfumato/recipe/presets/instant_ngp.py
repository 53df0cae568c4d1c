"""Instant-NGP (Mueller et al. 2022, arXiv 2201.05989), with tables for pictures of an ordinary size."""

from __future__ import annotations

from sfumato.recipe.presets.preset import Preset

INSTANT_NGP = Preset(
    "instant-ngp",
    "a hash grid and 2 x 64 ReLU units (Instant-NGP), for pictures of about 768x512 pixels, for 10 s",
    {
        "coordinates": {"align_corners": False},
        "model": {
            "depth": 2,
            "width": 64,
            "activation": "relu",
            "encoding": "hash_grid(levels=12, features=2, log2_table_size=16, base_resolution=16, "
            "finest_resolution=768)",
            "init": "he",
        },
        "training": {"batch": 2048, "optimizer": "adam(lr=0.005, beta2=0.99, eps=1e-15)", "schedule": "cosine"},
        "budget": {"seconds": 10},
    },
)
