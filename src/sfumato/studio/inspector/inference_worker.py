"""``python -m sfumato.studio.inspector.inference_worker``: evaluate networks, so that the server needs no PyTorch.

It takes requests as `studio.subprocess` sends them, and replies with JSON or a picture. It ends when its input ends.
"""

from __future__ import annotations

import json
import os
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any

import torch

from sfumato.errors import RunError, SfumatoError
from sfumato.runs import Run, layout, load_run
from sfumato.studio.inspector import layers, tiles
from sfumato.studio.inspector.tile_range import FINE_ZOOM
from sfumato.studio.subprocess import claim_stdout, send_reply

MAX_NETWORKS = 6
"""Networks that are cached."""
MAX_BYTES = 512_000_000
"""Bytes of their weights; the most recently used network stays whatever it takes."""

NICENESS = 5
"""Niceness of the process, because training has priority."""


def main() -> None:
    """Reply to requests until standard input ends."""
    os.nice(NICENESS)
    pipe = claim_stdout()
    networks = _Networks()
    for line in sys.stdin:
        send_reply(pipe, *_reply(networks, json.loads(line)))


def _reply(networks: _Networks, order: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    try:
        result = _compute(networks, order)
    except SfumatoError as error:
        return {"problem": str(error)}, b""
    return ({}, result) if isinstance(result, bytes) else ({"json": result}, b"")


def _compute(networks: _Networks, order: dict[str, Any]) -> bytes | dict[str, Any]:
    if order["what"] == "experiment":
        from sfumato.studio.experiments.summary import about

        return about(Path(order["folder"]))
    run, shape = networks.run(order["folder"])
    coordinates = run.recipe.coordinates
    step, by = order["step"], order.get("by", order["step"])
    if order["what"] == "tile":
        zoom, row, column = order["zoom"], order["row"], order["column"]
        model = networks.model(run, step, exact=zoom >= FINE_ZOOM)
        return tiles.png(model, run.recipe, shape, zoom, row, column)
    model = networks.model(run, step)
    match order["what"]:
        case "ranks":
            return layers.ranks(model)
        case "histograms":
            return layers.histograms(model, coordinates, shape)
        case "layer":
            return layers.about(model, networks.model(run, by), coordinates, shape, order["layer"])
        case "sheet":
            return layers.sheet(model, networks.model(run, by), coordinates, shape, order["layer"])
        case _:
            layers.check_unit(model, order["layer"], order["unit"])
            if order["what"] == "unit":
                return layers.unit(model, coordinates, shape, order["layer"], order["unit"])
            return layers.unit_picture(model, coordinates, shape, order["layer"], order["unit"], order["size"])


class _Networks:
    """The most recently used networks."""

    def __init__(self) -> None:
        self._runs: dict[str, tuple[int, Run]] = {}
        self._models: OrderedDict[Any, torch.nn.Module] = OrderedDict()

    def run(self, folder: str) -> tuple[Run, tuple[int, int]]:
        """Return a run and its picture's (height, width)."""
        modified = (Path(folder) / layout.RUN).stat().st_mtime_ns if Path(folder).is_dir() else 0
        if self._runs.get(folder, (-1,))[0] != modified:
            self._runs = {folder: (modified, load_run(folder))}
        run = self._runs[folder][1]
        if run.recipe.model.imports:
            kind = "network" if run.recipe.model.module is not None else "activation"
            raise RunError(f"this run has a custom {kind}, and the studio does not import its code.")
        about = run.facts["picture"]
        return run, (about["height"], about["width"])

    def model(self, run: Run, step: int, *, exact: bool = False) -> torch.nn.Module:
        """Return a run's network at a saved moment, in float64 if ``exact``."""
        file = run.folder / layout.moment(step)
        try:
            key = (file, file.stat().st_mtime_ns, exact)
        except OSError:
            raise RunError(f"the run has no saved weights at step {step}.") from None
        if key not in self._models:
            model, _ = run.model(file)
            self._models[key] = model.double() if exact else model
            while len(self._models) > 1 and (len(self._models) > MAX_NETWORKS or self._bytes() > MAX_BYTES):
                self._models.popitem(last=False)
        self._models.move_to_end(key)
        return self._models[key]

    def _bytes(self) -> int:
        weights = (weight for model in self._models.values() for weight in model.state_dict().values())
        return sum(weight.numel() * weight.element_size() for weight in weights)


if __name__ == "__main__":
    main()
