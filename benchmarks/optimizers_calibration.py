"""Calibration of equal seconds: the processor time of a step of every network, optimizer and engine, measured once.

A budget in seconds gives other results on a busy machine. So the steps of all are timed alternately on one thread, and
a training gets as many steps as fit into the seconds at the median time. The times are saved, and a continued
experiment uses the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import hardware
import numpy as np
import optimizers_plan
import torch
from alternation import alternate, quartiles
from equal_seconds import engine_of, stepping
from optimizers_plan import Settings

from sfumato.errors import RunError
from sfumato.runs.files import replacing
from sfumato.training import resolve

FILE = "calibration.json"


@dataclass(frozen=True)
class Calibration:
    """Times of a step, and the circumstances in which they were measured."""

    settings: Mapping[str, Any]
    """Values of `Settings`."""
    milliseconds: Mapping[str, Mapping[str, Mapping[str, Any]]]
    """Median, quartiles and n by network and ``optimizer, engine``."""
    circumstances: Mapping[str, Any]

    def median(self, network: str, optimizer: str, engine: str) -> float:
        """Return the median milliseconds of a step."""
        return float(self.milliseconds[network][f"{optimizer}, {engine}"]["median"])

    def steps(self, network: str, settings: Settings) -> dict[str, int]:
        """Return each optimizer's steps in its fastest engine that fit into the seconds, at least one."""
        return {
            name: max(1, round(1e3 * settings.seconds / self.median(network, name, optimizers_plan.engines(name)[0])))
            for name in settings.optimizers
        }


def calibration(folder: Path, settings: Settings, rounds: int) -> Calibration:
    """Return the saved calibration, or measure it first. Raises RunError for a saved one of other settings."""
    path = folder / FILE
    if path.exists():
        found = Calibration(**json.loads(path.read_text(encoding="utf-8")))
        if found.settings != _values(settings):
            raise RunError(
                f"{folder} must hold trainings of these settings, {_values(settings)}. Got {dict(found.settings)}; "
                "choose another folder (--out)."
            )
        return found
    found = Calibration(_values(settings), measured(settings, rounds), hardware.circumstances())
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(path) as partial:
        partial.write_text(json.dumps(asdict(found), indent=2) + "\n", encoding="utf-8")
    return found


def measured(settings: Settings, rounds: int) -> dict[str, dict[str, dict[str, Any]]]:
    """Measure the milliseconds of a step of all sides, alternately, on one thread of this process."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        picture = np.random.default_rng(0).random((settings.max_side, settings.max_side, 3), dtype=np.float32)
        turns: dict[str, Callable[[int], float]] = {}
        for network in settings.networks:
            for optimizer in settings.optimizers:
                for engine in optimizers_plan.engines(optimizer):
                    recipe = resolve(optimizers_plan.recipe(network, optimizer, engine, settings))
                    name = f"{network}: {optimizer}, {engine}"
                    turns[name] = stepping(engine_of(recipe, picture), settings.max_side**2)
        seconds = alternate(turns, rounds)
    finally:
        torch.set_num_threads(threads)
    found: dict[str, dict[str, dict[str, Any]]] = {network: {} for network in settings.networks}
    for name, values in seconds.items():
        network, side = name.split(": ")
        found[network][side] = quartiles([1e3 * value for value in values]).rounded(4)
    return found


def _values(settings: Settings) -> dict[str, Any]:
    # As JSON has them, where a tuple is a list.
    return json.loads(json.dumps(asdict(settings)))
