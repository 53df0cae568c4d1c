"""``python -m sfumato.studio.inspector.inference_worker``: computes with networks, so that the server needs no PyTorch.

Asked as `studio.child` has it, it answers with JSON or the bytes of a picture. It ends when nobody can ask any more.
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
from sfumato.studio.inspector.tile_places import FINE_ZOOM
from sfumato.studio.subprocess import answer, own_output

KEPT = 6
"""Networks."""
KEPT_BYTES = 512_000_000
"""Of their weights; the one that was asked for last is kept whatever it takes."""

POLITE = 5
"""Training goes before looking."""


def main() -> None:
    """Answer until nobody asks."""
    os.nice(POLITE)
    answers = own_output()
    networks = _Networks()
    for line in sys.stdin:
        answer(answers, *_answered(networks, json.loads(line)))


def _answered(networks: _Networks, order: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    try:
        made = _made(networks, order)
    except SfumatoError as error:
        return {"problem": str(error)}, b""
    return ({}, made) if isinstance(made, bytes) else ({"json": made}, b"")


def _made(networks: _Networks, order: dict[str, Any]) -> bytes | dict[str, Any]:
    if order["what"] == "experiment":
        from sfumato.studio.experiments.summary import about

        return about(Path(order["folder"]))
    run, shape = networks.run(order["folder"])
    at = run.recipe.coordinates
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
            return layers.histograms(model, at, shape)
        case "layer":
            return layers.about(model, networks.model(run, by), at, shape, order["layer"])
        case "sheet":
            return layers.sheet(model, networks.model(run, by), at, shape, order["layer"])
        case _:
            layers.check_unit(model, order["layer"], order["unit"])
            if order["what"] == "unit":
                return layers.unit(model, at, shape, order["layer"], order["unit"])
            return layers.unit_picture(model, at, shape, order["layer"], order["unit"], order["size"])


class _Networks:
    """The last few that were asked for."""

    def __init__(self) -> None:
        self._runs: dict[str, tuple[int, Run]] = {}
        self._models: OrderedDict[Any, torch.nn.Module] = OrderedDict()

    def run(self, folder: str) -> tuple[Run, tuple[int, int]]:
        """A run, and its picture's (height, width)."""
        written = (Path(folder) / layout.RUN).stat().st_mtime_ns if Path(folder).is_dir() else 0
        if self._runs.get(folder, (-1,))[0] != written:
            self._runs = {folder: (written, load_run(folder))}
        run = self._runs[folder][1]
        if run.recipe.model.module is not None:
            raise RunError("the network of this run is of somebody's own making, and the studio imports nobody's code.")
        about = run.facts["picture"]
        return run, (about["height"], about["width"])

    def model(self, run: Run, step: int, *, exact: bool = False) -> torch.nn.Module:
        """At a saved moment; ``exact``: in float64."""
        file = run.folder / layout.moment(step)
        try:
            key = (file, file.stat().st_mtime_ns, exact)
        except OSError:
            raise RunError(f"the run must have saved its weights at step {step}. It has not.") from None
        if key not in self._models:
            model, _ = run.model(file)
            self._models[key] = model.double() if exact else model
            while len(self._models) > 1 and (len(self._models) > KEPT or self._bytes() > KEPT_BYTES):
                self._models.popitem(last=False)
        self._models.move_to_end(key)
        return self._models[key]

    def _bytes(self) -> int:
        weights = (weight for model in self._models.values() for weight in model.state_dict().values())
        return sum(weight.numel() * weight.element_size() for weight in weights)


if __name__ == "__main__":
    main()
