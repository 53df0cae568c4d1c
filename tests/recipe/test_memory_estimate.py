"""Estimates of memory, against measured peaks."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given

from sfumato.errors import EngineError
from sfumato.recipe import Recipe, changed
from sfumato.recipe.engines import auto
from sfumato.recipe.memory_estimate import Size, checking, painting, training
from sfumato.training.engines import choose
from tests.recipe import strategies

FACTOR = 2.0
"""Largest factor between an estimate and the peak, either way."""
SMALLEST = 80e6
"""Smallest peak of a case in bytes: libraries and allocators may add up to a third of that."""


def sgd(batch: int) -> dict[str, Any]:
    return {"batch": batch, "optimizer": "sgd", "schedule": "constant"}


CASES: dict[str, tuple[str, int, dict[str, Any]]] = {
    "fused foof": ("train", 24, {"model": {"width": 580}}),
    "fused muon": ("train", 24, {"model": {"width": 800, "init": "gaussian"}, "training": {"optimizer": "muon"}}),
    "features": ("train", 200, {"model": {"width": 32, "encoding": "fourier(features=256)"}}),
    "hash grid": (
        "train",
        96,
        {
            "model": {
                "width": 16,
                "encoding": "hash_grid(levels=4, features=4, log2_table_size=19, finest_resolution=4096)",
            }
        },
    ),
    "large picture": ("train", 900, {"model": {"width": 32, "depth": 1}}),
    "online": ("train", 24, {"model": {"width": 1200}, "training": sgd(1)}),
    "autograd adam": (
        "train",
        24,
        {"model": {"width": 1000, "init": "gaussian"}, "engine": "autograd", "training": {"optimizer": "adam"}},
    ),
    "full batch": (
        "train",
        72,
        {"model": {"width": 300, "activation": "sine"}, "training": {"optimizer": "rprop", "batch": "all"}},
    ),
    # Its third step needs the most.
    "soap": (
        "train",
        24,
        {"model": {"width": 1000, "init": "gaussian"}, "training": {"optimizer": "soap"}, "budget": {"steps": 3}},
    ),
    "weight norm": (
        "train",
        24,
        {"model": {"width": 900, "normalization": "weight", "init": "gaussian"}, "training": {"optimizer": "adam"}},
    ),
    "gabor filters": (
        "train",
        96,
        {
            "model": {"width": 256, "connectivity": "multiplicative_filter(gabor)"},
            "training": {"optimizer": "adam", "batch": "all"},
        },
    ),
    "check": ("check", 48, {"model": {"width": 320, "init": "gaussian"}}),
    "paint": ("paint", 24, {"model": {"width": 640}, "training": {"optimizer": "adam"}}),
    "render": (
        "render",
        48,
        {"model": {"width": 1600, "init": "gaussian"}, "training": {"optimizer": "sgd"}, "budget": {"steps": 1}},
    ),
}


def estimate(task: str, side: int, changes: dict[str, Any]) -> int:
    recipe = changed(Recipe(), {"threads": 2, **changes})
    size = Size(side, side, 3)
    match task:
        case "check":
            return checking(recipe, size)
        case "render":
            return painting(recipe, size)
        case _:
            return training(recipe, size, writes_run=task == "paint")


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="peaks are read from /proc")
def test_estimates_are_near_the_peaks() -> None:
    tasks = [{"task": task, "side": side, "changes": changes} for task, side, changes in CASES.values()]
    command = [sys.executable, "-m", "tests.recipe.peaks"]
    result = subprocess.run(command, input=json.dumps(tasks), capture_output=True, text=True, timeout=600, check=False)
    assert result.returncode == 0, result.stderr
    peaks = [int(line) for line in result.stdout.split()]
    assert min(peaks) > SMALLEST, "; ".join(f"{name}: {bytes_:,}" for name, bytes_ in zip(CASES, peaks, strict=True))
    wrong = {
        name: (estimate(*CASES[name]), bytes_)
        for name, bytes_ in zip(CASES, peaks, strict=True)
        if not bytes_ / FACTOR <= estimate(*CASES[name]) <= bytes_ * FACTOR
    }
    assert wrong == {}


@pytest.mark.slow
@given(strategies.recipes)
def test_the_engine_is_the_one_that_trains(recipe: Recipe) -> None:
    try:
        chosen = choose(recipe)
    except EngineError:
        return
    assert auto(recipe).name == chosen
